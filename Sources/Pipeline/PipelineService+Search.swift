internal import Events
internal import Policy
internal import Replay
internal import Scoring
internal import Synchronization

// Lists of subjects. A search first updates the index of a partition, while the fold waits for a moment.
extension PipelineService {
    /// Subjects that are added to an index while the fold waits, which takes some milliseconds.
    private static let indexedAtOnce = 2048
    /// Subjects that are searched while the fold waits, which takes about a millisecond.
    private static let searchedAtOnce = 32_768
    /// The time after which a search returns its results so far, and how far it came.
    private static let searchTime = Duration.seconds(2)

    /// The number of the ledger's partitions; nil before it is known.
    public var ledgerPartitionCount: Int? {
        let count = ledgerPartitions.load(ordering: .acquiring)
        return count > 0 ? count : nil
    }

    /// The partitions that are folded here answer, all of them or those among `partitions`; others are `missing`.
    /// `asStandby`: also those that another member owns and that are folded here too. Waits for the folds, so it must
    /// not be called from async code. A name that is in no policy is refused unless `partitions` are given.
    public func search(
        _ search: SubjectSearch, partitions: [Int32]? = nil, asStandby: Bool = false
    ) throws(SubjectSearch.Problem) -> SubjectPage {
        let wanted = partitions ?? (0..<Int32(ledgerPartitionCount ?? 0)).map { $0 }
        let deadline = configuration.runtime.now + Self.searchTime
        var pages: [SubjectPage] = []
        var unknown: Set<String>?
        for number in wanted {
            let standby = asStandby ? owned.standby(number) : nil
            var names: [String] = []
            guard let partition = owned[number] ?? standby,
                let page = self.search(search, in: partition, until: deadline, &names)
            else {
                pages.append(SubjectPage(missing: [number]))
                continue
            }
            pages.append(page)
            // A partition without an entry has no policy, and no names.
            if page.parts.contains(where: { $0.offset > 0 }) { unknown = unknown?.intersection(names) ?? Set(names) }
        }
        if partitions == nil, let name = unknown?.min() {
            throw SubjectSearch.Problem("\(name): the policy has none of this name")
        }
        return SubjectPage(merging: pages, limit: search.limit)
    }

    /// Nil if the partition's state cannot be used now, or its index is not complete in time. The next search continues
    /// it.
    private func search(
        _ search: SubjectSearch, in partition: OwnedPartition, until deadline: ContinuousClock.Instant,
        _ unknown: inout [String]
    ) -> SubjectPage? {
        /// The result of one step of a search.
        enum Step: Sendable {
            case goOn
            case unready
            case page(SubjectPage)
        }
        var found = SubjectPage()
        var after = search.after
        let runtime = configuration.runtime
        return partition.searchIndex.withLock { index in
            while true {
                let isLate = runtime.now >= deadline
                let step = partition.readFold { state -> Step in
                    guard !state.isSpoiled else { return .unready }
                    let freshness = partition.freshness(
                        offset: state.nextOffset, clock: state.fold.clock.microseconds, policySwitch: nil)
                    var page = SubjectPage(parts: [SubjectPage.Part(freshness)])
                    guard let policy = state.policy else { return partition.isCurrent ? .page(page) : .unready }
                    unknown = search.unknownNames(in: policy)
                    guard unknown.isEmpty else { return .page(page) }
                    guard state.fold.update(&index, maximum: Self.indexedAtOnce) else {
                        return isLate ? .unready : .goOn
                    }
                    let range = state.fold.search(
                        &index, for: search.filter(under: policy), after: after,
                        limit: search.limit - found.items.count, maximum: Self.searchedAtOnce)
                    page.items = range.subjects.map { SubjectPage.Item($0, policy) }
                    page.completeThrough = range.completeThrough
                    return .page(page)
                }
                switch step {
                case .goOn: continue
                case .unready: return nil
                case .page(let page):
                    found.items += page.items
                    (found.completeThrough, found.parts) = (page.completeThrough, page.parts)
                    guard let end = page.completeThrough, found.items.count < search.limit, !isLate else {
                        return found
                    }
                    after = end
                }
            }
        }
    }
}
