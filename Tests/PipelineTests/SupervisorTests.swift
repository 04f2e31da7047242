import Testing

@testable import Pipeline

@Suite struct SupervisorTests {
    private struct Slip: Error {}

    /// Does what a test says, and writes down what was asked of it.
    private final class Script: PollLoop {
        private let shared: Shared
        var canResume: Bool { shared.isMember }

        final class Shared {
            var calls: [String] = []
            var isMember = true
            var onAbandon: () -> Void = {}
            /// What the next calls of each sort throw.
            var errors: [String: [(any Error)?]] = [:]
        }

        init(_ shared: Shared) throws {
            self.shared = shared
            try call("make")
        }

        private func call(_ name: String) throws {
            shared.calls.append(name)
            if shared.errors[name]?.isEmpty == false, let error = shared.errors[name]!.removeFirst() { throw error }
        }

        func start() throws { try call("start") }
        func step() throws { try call("step") }
        func resume() throws { try call("resume") }
        func finish() throws { try call("finish") }
        func abandon() {
            shared.calls.append("abandon")
            shared.onAbandon()
        }
    }

    private let shared = Script.Shared()
    private let runtime = StillRuntime()
    private let stop = StopFlag()
    private let supervisor: Supervisor

    init() { supervisor = Supervisor(runtime: runtime, stop: stop) { [shared] in try Script(shared) } }

    /// Steps; says what failed.
    @discardableResult private func step() -> Bool {
        do {
            try supervisor.step()
            return true
        } catch {
            return false
        }
    }

    @Test func afterAnErrorTheSameWorkerGoesOn() throws {
        shared.errors["step"] = [nil, Slip()]
        #expect(step() && !step() && step() && step())
        stop.set()
        try supervisor.run()
        #expect(shared.calls == ["make", "start", "step", "step", "resume", "step", "step", "finish", "abandon"])
    }

    @Test func whoIsNoMemberAnyMoreIsReplaced() {
        shared.errors["step"] = [Slip()]
        shared.isMember = false
        #expect(!step() && step())
        #expect(shared.calls == ["make", "start", "step", "abandon", "make", "start", "step"])
    }

    @Test func aWorkerThatCannotStartIsLetGo() {
        shared.errors["start"] = [Slip()]
        #expect(!step() && step())
        #expect(shared.calls == ["make", "start", "abandon", "make", "start", "step"])
    }

    @Test func resumingThatDoesNotHelpEndsAfterFiveTimes() {
        shared.errors["step"] = [Slip()]
        shared.errors["resume"] = (0..<5).map { _ in Slip() }
        for _ in 0..<6 { #expect(!step()) }
        #expect(step())
        let resumes = Array(repeating: "resume", count: 5)
        #expect(shared.calls == ["make", "start", "step"] + resumes + ["abandon", "make", "start", "step"])
    }

    @Test func errorsFarApartDoNotAddUp() {
        for _ in 0..<20 {
            shared.errors["step"] = [Slip()]
            #expect(!step() && step())
            runtime.pass(seconds: 31)
        }
        #expect(shared.calls.count { $0 == "make" } == 1)
        #expect(shared.calls.count { $0 == "resume" } == 20)
    }

    @Test func whatIsFinalIsNotTriedAgain() {
        shared.errors["step"] = [PipelineError(.storage, "the disk is gone")]
        #expect(throws: PipelineError.self) { try supervisor.run() }
        #expect(shared.calls == ["make", "start", "step", "abandon"])
    }

    /// To let go may take long, and meanwhile the other roles must not go on.
    @Test func whatIsFinalStopsTheOthersFirst() {
        shared.errors["step"] = [PipelineError(.ledgerDamaged, "the ledger is gone")]
        var wasStopped = false
        shared.onAbandon = { [stop] in wasStopped = stop.isSet }
        #expect(throws: PipelineError.self) { try supervisor.run() }
        #expect(wasStopped)
    }

    /// The stop comes while the worker pauses: it has nothing that is worth a hand-over.
    @Test func aFailedWorkerIsLetGoWhenEverythingStops() throws {
        shared.errors["step"] = [Slip()]
        #expect(!step())
        stop.set()
        try supervisor.run()
        #expect(shared.calls == ["make", "start", "step", "abandon"])
    }
}
