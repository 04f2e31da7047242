/// Sanctions that are noticed, in force or stayed, and those of them whose term is over.
public struct OpenSanctions: Sendable, Hashable, Codable {
    public var noticed: Int64 = 0
    public var inForce: Int64 = 0
    public var stayed: Int64 = 0
    /// Sanctions whose end is before the requested time, and which are not lifted because the clock has not reached it.
    public var overdue: Int64 = 0

    public init() {}

    /// All that are not lifted, overdue ones included.
    public var count: Int64 { noticed + inForce + stayed }

    public static func + (a: OpenSanctions, b: OpenSanctions) -> OpenSanctions {
        var sum = a
        sum.noticed += b.noticed
        sum.inForce += b.inForce
        sum.stayed += b.stayed
        sum.overdue += b.overdue
        return sum
    }
}

extension Fold {
    /// Counts the open sanctions in the folded state. Entries that are not folded yet may lift some, restart their
    /// terms or impose more. `now` is in microseconds since 1970. It reads each sanction once, which takes some
    /// nanoseconds.
    public borrowing func openSanctions(at now: Int64) -> OpenSanctions {
        var result = OpenSanctions()
        guard var free = activeSanctions.freeSlots() else { preconditionFailure("a sanction is free twice") }
        for index in 0..<activeSanctions.used {
            let number = UInt32(index + 1)
            guard free.insert(number) else { continue }
            let activeSanction = activeSanctions[number].pointee
            switch activeSanction.state {
            case .noticed: result.noticed += 1
            case .inForce: result.inForce += 1
            case .stayed: result.stayed += 1
            }
            if activeSanction.until <= now { result.overdue += 1 }
        }
        return result
    }
}
