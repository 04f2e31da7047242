import Foundation

/// Buffered bytes to a file or to standard output (`-`). A file is written beside its name and moved there at the
/// end, so that a reader never sees half of it.
final class OutputFile {
    private let path: String
    private let partial: String
    private var handle: UnsafeMutablePointer<FILE>

    init(_ path: String) throws {
        self.path = path
        partial = path == "-" ? "" : path + ".partial"
        if path == "-" {
            guard let file = fdopen(dup(STDOUT_FILENO), "wb") else {
                throw fail("standard output cannot be written: \(Self.reason)")
            }
            handle = file
        } else {
            guard let file = fopen(partial, "wb") else {
                throw fail("\(path): error: cannot be written: \(Self.reason)")
            }
            handle = file
        }
        setvbuf(handle, nil, _IOFBF, 256 * 1024)
    }

    private static var reason: String { String(cString: strerror(errno)) }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        guard fwrite(bytes.baseAddress, 1, bytes.count, handle) == bytes.count else {
            throw fail("\(path): error: cannot be written: \(Self.reason)")
        }
    }

    func write(line bytes: UnsafeRawBufferPointer) throws {
        try write(bytes)
        guard putc(0x0A, handle) >= 0 else { throw fail("\(path): error: cannot be written: \(Self.reason)") }
    }

    func close() throws {
        guard fclose(handle) == 0, path == "-" || rename(partial, path) == 0 else {
            throw fail("\(path): error: cannot be written: \(Self.reason)")
        }
    }
}
