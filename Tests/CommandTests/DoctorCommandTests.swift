import Foundation
import Testing

extension CommandTests {
    struct DoctorCommandTests {
        private struct Report: Decodable {
            struct Finding: Decodable {
                let check: String
                let severity: String
                let code: String
                let message: String
                let mend: String?
            }
            let ok: Bool
            let findings: [Finding]

            func codes(_ check: String) -> [String] { findings.filter { $0.check == check }.map(\.code) }
        }

        private let folder: TemporaryFolder
        private let policy: String

        init() throws {
            folder = try TemporaryFolder()
            policy = try folder.write(Trial.policy, to: "policy.yaml")
        }

        private func doctor(_ arguments: String...) async throws -> (run: Finished, report: Report) {
            let run = try await Running(["doctor", "--output", "json"] + arguments).finished(limit: Limit.run)
            return (run, try JSONDecoder().decode(Report.self, from: Data(run.output.utf8)))
        }

        @Test func theEmbeddedBrokerIsFitForATrial() async throws {
            let broker = try await Broker()
            let (run, report) = try await doctor(
                "--brokers", broker.address, "--data", folder.url.path, "--policy", policy)
            // The machine of a test may have a full disk; the findings of `MachineCheck` have tests of their own.
            let errors = report.findings.filter { $0.severity == "error" }.map(\.check)
            #expect(errors.allSatisfy { $0 == "disk" } && report.ok == errors.isEmpty, "\(run.output)")
            #expect(run.code == (errors.isEmpty ? 0 : 1))
            let checks = [
                "broker", "topics", "durability", "sizes", "offsets", "retention", "access", "clock", "disk",
                "descriptors", "policy", "keys",
            ]
            for check in checks { #expect(!report.codes(check).isEmpty, "\(check): \(run.output)") }
            // It does not describe settings: what follows from them is unknown, and never well.
            #expect(report.codes("sizes") == ["unchecked"] && report.codes("offsets") == ["unchecked"])
            #expect(report.codes("policy") == ["ok"])
            // What it has written to see how fast the disk is has gone.
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["policy.yaml"])
        }

        @Test func whatIsWrongEndsWithOneAndItsMend() async throws {
            let broker = try await Broker()
            let key = folder.path("key")
            #expect(try await standing("key", key).code == 0)
            #expect(chmod(key, 0o644) == 0)
            let broken = try folder.write("policy: x", to: "broken.yaml")
            let (run, report) = try await doctor(
                "--brokers", broker.address, "--topic-prefix", "other.", "--signing-key", key, "--policy", broken)
            #expect(run.code == 1 && !report.ok)
            #expect(report.codes("topics").contains("topic-missing"))
            #expect(report.codes("keys") == ["readable-by-all"])
            #expect(report.codes("policy") == ["does-not-compile"])
            #expect(report.findings.filter { $0.severity == "error" }.allSatisfy { $0.mend != nil })
        }

        @Test func aBrokerThatIsAwayIsAFindingAndTheMachineIsLookedAt() async throws {
            let (run, report) = try await doctor("--brokers", "127.0.0.1:1", "--limit", "20s", "--policy", policy)
            #expect(run.code == 1)
            #expect(report.codes("broker") == ["broker-away"])
            #expect(report.codes("topics") == ["unchecked"])
            #expect(report.codes("policy") == ["ok", "unchecked"])
            #expect(!report.codes("descriptors").isEmpty)
        }
    }
}
