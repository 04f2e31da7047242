internal import Synchronization

extension PipelineService {
    /// Where the changes of each ledger partition can be read.
    public struct ChangePlaces: Sendable, Equatable {
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

    /// A member streams the changes of its own partitions. A reader of all of them connects to each member in the
    /// result.
    public var changePlaces: ChangePlaces {
        var places = ChangePlaces(here: changes.ownedPartitions)
        let own = Set(places.here)
        for partition in 0..<Int32(ledgerPartitions.load(ordering: .acquiring)) where !own.contains(partition) {
            if let address = address(ofOwner: Int(partition)) {
                places.elsewhere.append((partition, address))
            } else {
                places.nowhere.append(partition)
            }
        }
        return places
    }
}
