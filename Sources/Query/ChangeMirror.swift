internal import Pipeline
internal import Synchronization

/// Requests the changes of the ledger partitions of other members, while there are readers of changes on this member. Each
/// member gets one request at a time, for all its partitions, and answers when it has facts. So changes are requested once
/// for all readers.
///
/// The partitions of a member that does not answer cannot be read here. The readers are informed of that.
final class ChangeMirror: Sendable {
    /// Where members ask each other.
    static let path = "/members/changes"
    /// Members that are followed at most; the partitions of others cannot be read here.
    static let maximumMembers = 16
    /// How long a member waits for facts before it answers.
    static let wait = Duration.seconds(2)
    private static let (betweenQuestions, afterFailure) = (Duration.milliseconds(50), Duration.seconds(1))
    private static let betweenLooks = Duration.milliseconds(200)
    /// Readers that lose their connection come back within this time.
    private static let lingers = Duration.seconds(10)
    /// How long the first answer about a partition is waited for.
    private static let patience = Duration.seconds(2)

    private let service: PipelineService
    private let ask: SubjectQueries.Ask
    private let isRunning = Atomic(false)

    /// `ask`: at most `maximumMembers` questions are under way.
    init(_ service: PipelineService, ask: @escaping SubjectQueries.Ask) { (self.service, self.ask) = (service, ask) }

    /// Somebody reads changes from now on.
    func begin() {
        guard !isRunning.exchange(true, ordering: .acquiringAndReleasing) else { return }
        Task {
            await run()
            isRunning.store(false, ordering: .releasing)
        }
    }

    /// Whether the changes of a partition can be read here, once its owner has been asked.
    func brings(_ partition: Int32) async -> Bool {
        func isReadable() -> Bool { service.changes.readablePartitions.contains(partition) }
        if isReadable() { return true }
        guard service.address(ofOwner: Int(partition)) != nil else { return false }
        begin()
        let end = ContinuousClock.now + Self.patience
        while !isReadable() {
            guard ContinuousClock.now < end, (try? await Task.sleep(for: Self.betweenQuestions)) != nil else {
                return false
            }
        }
        return true
    }

    private func run() async {
        var idleSince = ContinuousClock.now
        await withTaskGroup(of: String?.self) { group in
            var followed: Set<String> = []
            group.addTask { nil }
            while let ended = await group.next() {
                if let ended {
                    followed.remove(ended)
                    continue
                }
                if service.changes.hasReaders { idleSince = .now }
                guard ContinuousClock.now - idleSince < Self.lingers else { break }
                let elsewhere = service.partitionsElsewhere
                for address in elsewhere.keys.sorted()
                where !followed.contains(address) && followed.count < Self.maximumMembers {
                    followed.insert(address)
                    group.addTask { [self] in
                        await follow(address)
                        return address
                    }
                }
                let known = Set(elsewhere.values.joined())
                service.changes.endMirror(of: service.changes.readablePartitions.filter { !known.contains($0) })
                group.addTask {
                    try? await Task.sleep(for: Self.betweenLooks)
                    return nil
                }
            }
            group.cancelAll()
        }
        service.changes.endMirror(of: service.changes.readablePartitions)
    }

    /// Requests the changes of a member's partitions until it owns none.
    private func follow(_ address: String) async {
        let feed = service.changes
        while !Task.isCancelled, let partitions = service.partitionsElsewhere[address] {
            let json = await ask(address, Self.path, feed.question(of: partitions).json)
            let isTaken = json.map { feed.mirror($0, of: partitions) } ?? false
            if !isTaken { feed.endMirror(of: partitions) }
            try? await Task.sleep(for: isTaken ? Self.betweenQuestions : Self.afterFailure)
        }
    }
}
