import Backtests
import Foundation
import Logging
import Replay
import Scoring
import Synchronization
import Testing

@testable import Pipeline

extension PipelineServiceTests {
    /// Reviews of the ledger's history have states of a partition in memory beside the member's own: two for the withdrawal of a
    /// source, three for a change of policy.
    @Suite struct WithdrawalReviewTests {
        private typealias Fixture = PipelineFixture

        /// This machine, with the memory in use that a test sets.
        private final class MeasuredRuntime: Runtime {
            private let system = SystemRuntime()
            private let resident = Mutex(Int64(0))

            var now: ContinuousClock.Instant { system.now }
            var wallClock: Int64 { system.wallClock }
            var residentBytes: Int64? {
                get { resident.withLock { $0 } }
                set { resident.withLock { $0 = newValue ?? 0 } }
            }

            func randomSession() -> UInt64 { system.randomSession() }
            func background(_ line: BackgroundLine, _ work: @escaping @Sendable () -> Void) {
                system.background(line, work)
            }
        }

        private let logger = Logger(label: "review-tests", factory: { _ in SwiftLogNoOpLogHandler() })

        private func wait(_ what: Comment, until condition: () throws -> Bool) async throws {
            let end = ContinuousClock.now + Fixture.patience
            while try !condition() {
                try #require(ContinuousClock.now < end, what)
                try await Task.sleep(for: .milliseconds(10))
            }
        }

        private func words(_ acts: ControlActs, _ topic: String = Fixture.bills) async -> String {
            switch await acts.review(withdrawing: topic, wait: Fixture.patience) {
            case .counted(let difference): "counted \(difference.entries)"
            case .underWay: "under way"
            case .unknown(let reason), .refused(let reason): reason
            }
        }

        private func backtest(_ acts: ControlActs) async -> String {
            let candidate = Fixture.policyText.replacing("version: 1", with: "version: 2")
            return switch await acts.backtest(of: candidate, wait: Fixture.patience) {
            case .reported: "reported"
            case .underWay: "under way"
            case .unknown(let reason): reason
            }
        }

        @Test func aReviewNeedsRoomForItsStatesOfTheLargestPartition() async throws {
            let fixture = try Fixture(sessionMilliseconds: Fixture.longSession)
            let runtime = MeasuredRuntime()
            let fold = fixture.service(policy: fixture.policy, roles: [.fold]) {
                ($0.memoryLimit, $0.runtime) = (1 << 30, runtime)
            }
            let intake = fixture.service(policy: fixture.policy, roles: [.intake]) { $0.memoryLimit = 1 << 30 }
            let services = [fold, intake]
            for service in services { service.start() }
            let (atFold, atIntake) = (
                try ControlActs(fold, kafka: fixture.kafka, signer: nil, logger: logger),
                try ControlActs(intake, kafka: fixture.kafka, signer: nil, logger: logger)
            )
            var failure: (any Error)?
            do {
                try await wait("ready") { services.allSatisfy { $0.isReady || $0.finalFailure != nil } }
                try fixture.send([Fixture.enrolment(of: "anna"), Fixture.bill("1", of: "anna")])
                try await wait("the bill is folded, and the sizes are known") {
                    guard case .found(let answer) = fold.standing(of: Array("anna".utf8)) else { return false }
                    return answer.standing.level.score == 510 && fold.status.sizes.count == fixture.ledgerPartitions
                }
                // A member without states of its own cannot tell whether two more fit.
                let unknown = await words(atIntake)
                #expect(unknown.hasPrefix("this member folds no ledger partition"), "\(unknown)")
                let untested = await backtest(atIntake)
                #expect(untested.hasPrefix("this member folds no ledger partition"), "\(untested)")

                /// Takes memory until there is room for so many states, and asks. The states and what their tables need to grow are
                /// measured meanwhile: where they have changed, once more.
                func said(roomFor states: Int64, _ ask: () async -> String) async throws -> String {
                    for _ in 0..<100 {
                        let size = try #require(fold.status.sizes.map(\.bytes).max())
                        let (room, left) = (try #require(fold.memoryRoom), states * size)
                        runtime.residentBytes = (runtime.residentBytes ?? 0) + room - left
                        let said = await ask()
                        if fold.memoryRoom == left, fold.status.sizes.map(\.bytes).max() == size { return said }
                    }
                    return "the room never stays the same"
                }
                let noRoom = "this member's memory limit leaves no room for it"
                var answer = try await said(roomFor: 1) { await words(atFold) }
                #expect(answer == noRoom)
                answer = try await said(roomFor: 2) { await backtest(atFold) }
                #expect(answer == noRoom)
                // That the room is the same afterwards says that it is free again.
                answer = try await said(roomFor: 2) { await words(atFold) }
                #expect(answer == "counted 1")
                answer = try await said(roomFor: 3) { await backtest(atFold) }
                #expect(answer == "reported")
            } catch {
                failure = error
            }
            for acts in [atFold, atIntake] { acts.close() }
            for service in services { service.requestStop() }
            for service in services { _ = await onThread { try service.join() } }
            withExtendedLifetime(fixture) {}
            if let failure { throw failure }
        }
    }
}
