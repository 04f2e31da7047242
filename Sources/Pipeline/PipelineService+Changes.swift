internal import Synchronization

extension PipelineService {
    /// Where the changes of each ledger partition can be read.
    public struct ChangeRouting: Sendable, Equatable {
        /// At this member.
        public var here: [Int32] = []
        /// At other members, by `HOST:PORT` as they announce it.
        public var elsewhere: [(partition: Int32, address: String)] = []
        /// At no known member.
        public var nowhere: [Int32] = []

        public static func == (a: Self, b: Self) -> Bool {
            a.here == b.here && a.nowhere == b.nowhere && a.elsewhere.elementsEqual(b.elsewhere) { $0 == $1 }
        }
    }

    /// The present locations. A member that streams requests the changes of other partitions from their owners while
    /// there are readers.
    public var changeRouting: ChangeRouting { routing(beside: changes.readablePartitions) }

    /// The ledger partitions of other members, by their addresses.
    public var partitionsElsewhere: [String: [Int32]] {
        Dictionary(grouping: routing(beside: changes.ownedPartitions).elsewhere, by: \.address)
            .mapValues { $0.map(\.partition) }
    }

    private func routing(beside here: [Int32]) -> ChangeRouting {
        var routing = ChangeRouting(here: here)
        let known = Set(here)
        for partition in 0..<Int32(ledgerPartitions.load(ordering: .acquiring)) where !known.contains(partition) {
            if let address = address(ofOwner: Int(partition)) {
                routing.elsewhere.append((partition, address))
            } else {
                routing.nowhere.append(partition)
            }
        }
        return routing
    }
}
