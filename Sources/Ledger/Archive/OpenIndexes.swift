/// The index files that are open: the last used ones, at most `limit`. Not thread-safe.
struct OpenIndexes {
    private let limit: Int
    /// Least recently used first.
    private var files: [(first: Int64, file: File)] = []

    init(limit: Int) { self.limit = limit }

    /// The index of the segment that begins at `first`; nil if there is none.
    mutating func file(_ first: Int64, in directory: ArchiveDirectory) throws(FileError) -> File? {
        if let index = files.lastIndex(where: { $0.first == first }) {
            let known = files.remove(at: index)
            files.append(known)
            return known.file
        }
        if files.count >= limit { files.removeFirst() }
        do {
            let file = try File(directory.indexPath(first), readOnly: true, on: directory.files)
            files.append((first, file))
            return file
        } catch {
            if error.isNotThere || error.isNoFile { return nil }
            throw error
        }
    }

    mutating func close(_ first: Int64) { files.removeAll { $0.first == first } }
}
