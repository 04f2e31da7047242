/// A name or a pattern, compared by its bytes as in CEL. `String` compares by canonical equivalence, so that a name in
/// NFC equals the same name in NFD.
struct Name: Hashable, Sendable {
    let bytes: [UInt8]

    init(_ text: some StringProtocol) { bytes = Array(text.utf8) }
    init(_ text: Text) { bytes = Array(text.bytes) }
    init(bytes: [UInt8]) { self.bytes = bytes }
}

extension StringProtocol {
    /// Whether both have the same bytes.
    func isSame(_ other: some StringProtocol) -> Bool {
        let known = utf8.withContiguousStorageIfAvailable { mine in
            other.utf8.withContiguousStorageIfAvailable {
                UnsafeRawBufferPointer(mine).equals(UnsafeRawBufferPointer($0))
            }
        }
        return known.flatMap { $0 } ?? utf8.elementsEqual(other.utf8)
    }
}
