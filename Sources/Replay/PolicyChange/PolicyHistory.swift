public import Events
public import Ledger
internal import Policy

/// The policies that a ledger partition has been under.
public enum PolicyHistory {
    /// A policy from the entry on that activated it.
    public struct Activation: Sendable, Equatable {
        public let text: String
        /// The ledger offset of the frame that has the entry.
        public let offset: Int64
        /// The partition's clock at the entry; nil before any event or tick.
        public let clock: Timestamp?
    }

    /// In the ledger's order. The activation of the policy that is active already, one that is repeated, and one that does not
    /// compile and is passed over, are left out.
    /// Throws `FrameError`, and what `frames` throws.
    public static func activations(of frames: any FrameSource) throws -> [Activation] {
        var activations: [Activation] = []
        var known: Set<[UInt8]> = []
        var entries = EntryReader()
        var entry = FrameReader.blank
        let decoder = EventDecoder()
        while let frame = try frames.next() {
            guard try entries.openOrPass(frame.bytes) else { continue }
            while try entries.next(&entry) {
                if let offset = SkipSearch.record(namedBy: entry, decoder), offset < frame.offset {
                    // Of a record that is passed over a policy that compiles counts.
                    activations.removeAll {
                        $0.offset == offset && (try? ScoringPolicy(yaml: $0.text, file: "")) == nil
                    }
                    continue
                }
                let clock = entries.acceptance.clock
                guard entry.kind != .tick, !entries.isOutOfRange, ControlType(entry.event.type) == .policyActivated,
                    let text = entry.event.policyText(decoder)
                else { continue }
                // Neither attribute has a control character, so the two are apart.
                let identity: [UInt8] = Array(entry.event.source) + [0] + Array(entry.event.id)
                // Of two members that began the ledger the first entry won.
                guard entry.kind == .system ? activations.isEmpty : known.insert(identity).inserted,
                    text != activations.last?.text
                else { continue }
                activations.append(
                    Activation(text: text, offset: frame.offset, clock: clock == .distantPast ? nil : clock))
            }
        }
        return activations
    }

    /// The texts of `activations`.
    public static func texts(of frames: any FrameSource) throws -> [String] { try activations(of: frames).map(\.text) }

    /// The active policy, last, and before it those that it was reached through, each once: who goes back to a policy leaves
    /// behind what came after it. `texts` is the whole history.
    public static func lineage(of texts: [String]) -> [String] {
        var lineage: [String] = []
        for text in texts {
            if let index = lineage.firstIndex(of: text) {
                lineage.removeSubrange((index + 1)...)
            } else {
                lineage.append(text)
            }
        }
        return lineage
    }
}
