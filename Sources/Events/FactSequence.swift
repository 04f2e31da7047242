/// The consumers' rule for one (topic, partition) of facts: accept exactly the next sequence number, and ignore every
/// other record. A consumer that follows it has every fact once and in order, and notices a missing one.
public struct FactSequence: Sendable, Equatable {
    /// What the rule says of a record.
    public enum Verdict: Sendable, Equatable {
        case accept
        /// The number was accepted before: a repeat after a restart, or a fact of a member that should have stopped.
        case ignoreRepeat
        /// A fact between `last` and this one has not arrived. This one is ignored: it and the missing facts come
        /// again, unless the topic has lost them.
        case ignoreGap(missing: Int64)
    }

    /// The greatest accepted number; 0 before the first.
    public private(set) var last: Int64

    /// `last`: the greatest number that the consumer has stored as accepted.
    public init(last: Int64 = 0) { self.last = last }

    /// The verdict on the next record. `last` follows an accepted one.
    public mutating func judge(_ sequence: Int64) -> Verdict {
        if sequence == last + 1 {
            last = sequence
            return .accept
        }
        return sequence <= last ? .ignoreRepeat : .ignoreGap(missing: sequence - last - 1)
    }
}

extension EventDecoder {
    /// A fact's sequence number: CloudEvents' extension, a string of decimal digits. Facts of older ledgers have a
    /// JSON number. Nil if there is neither, or if the number is less than 1.
    public func sequence(ofFact json: UnsafeRawBufferPointer) -> Int64? {
        let name: StaticString = "sequence"
        guard let text = string(name, of: json) else { return integer(name, of: json).flatMap { $0 >= 1 ? $0 : nil } }
        return FactSequence.number(text)
    }
}

extension FactSequence {
    /// At most eighteen decimal digits, the first not 0.
    public static func number(_ text: some Collection<UInt8>) -> Int64? {
        guard (1...18).contains(text.count), text.first != 0x30, text.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
            return nil
        }
        return text.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }
}
