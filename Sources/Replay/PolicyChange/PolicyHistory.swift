internal import Events
public import Ledger

/// The policies that a ledger partition has been under.
public enum PolicyHistory {
    /// Their texts, in the order of their activation; one that was active already is left out. Throws `FrameError`.
    public static func texts(of frames: any FrameSource) throws -> [String] {
        var texts: [String] = []
        var entries = EntryReader()
        var entry = FrameReader.blank
        let decoder = EventDecoder()
        while let frame = try frames.next() {
            guard try entries.open(frame.bytes) else { continue }
            while try entries.next(&entry) {
                guard entry.kind != .tick, ControlType(entry.event.type) == .policyActivated,
                    let text = entry.event.policyText(decoder), text != texts.last
                else { continue }
                texts.append(text)
            }
        }
        return texts
    }
}
