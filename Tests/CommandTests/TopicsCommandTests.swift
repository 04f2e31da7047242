import Foundation
import Testing

extension CommandTests {
    struct TopicsCommandTests {
        private struct Change: Decodable {
            struct Setting: Decodable {
                let name: String
                let new: String
            }
            let change: String
            let topic: String?
            let partitions: Int?
            let settings: [Setting]?
        }

        @Test func theEmbeddedBrokerHasTheTopicsOfTheFiles() async throws {
            let port = try freePort()
            let broker = try await Broker(port: port)
            #expect(broker.address == "127.0.0.1:\(port)")
            let second = try await standing("broker", "--port", "\(port)")
            #expect(second.code == 1 && second.messages.contains("give another --port"))
            // It does not describe settings: they are not compared, which is reported once, and nothing is waited for.
            let runs = try ["plan", "check", "apply"].map {
                (command: $0, process: try Running(["topics", $0, "--brokers", broker.address]))
            }
            for (command, process) in runs {
                let run = try await process.finished()
                #expect(run.code == 0, "\(command)")
                #expect(!run.output.contains("+ create"))
                #expect(run.lines.count { $0.hasPrefix("? ") } == 1, "\(run.output)")
                #expect(run.messages.isEmpty, "\(run.messages)")
            }
        }

        @Test func whatIsMissingIsPlannedAndFailsTheCheck() async throws {
            let broker = try await Broker()
            let cluster = ["--brokers", broker.address, "--topic-prefix", "other."]
            let plan = try await Running(["topics", "plan"] + cluster).finished()
            #expect(plan.code == 0)
            #expect(plan.lines.allSatisfy { $0.hasPrefix("+ create other.") })
            #expect(plan.lines.contains { $0.hasPrefix("+ create other.standing.ledger: 12 partitions") })
            #expect(try await Running(["topics", "check"] + cluster).finished().code == 1)
            let lines = try await Running(["topics", "plan", "--output", "json"] + cluster).finished().lines
            let changes = try lines.map { try JSONDecoder().decode(Change.self, from: Data($0.utf8)) }
            #expect(changes.count == plan.lines.count && changes.allSatisfy { $0.change == "create" })
            let ledger = try #require(changes.first { $0.topic == "other.standing.ledger" })
            #expect(ledger.partitions == 12 && ledger.settings?.contains { $0.name == "retention.ms" } == true)
        }

        @Test func theAsyncAPIDocumentIsTheOneThatIsShipped() async throws {
            let shipped = try String(
                contentsOf: Package.root.appending(path: "topics/asyncapi.json"), encoding: .utf8)
            let run = try await standing("topics", "asyncapi", "--output", "json")
            #expect(run.code == 0)
            #expect(run.output == shipped)
            let yaml = try await standing("topics", "asyncapi", "--topic-prefix", "test.")
            #expect(yaml.code == 0 && yaml.output.contains("    address: test.standing.ledger\n"))
            #expect(yaml.output.contains("const: test.standing-fold\n"))
        }

        /// Nothing is asked of a cluster.
        @Test func theLeastRightsOfARoleFollowFromTheTopicFiles() async throws {
            let perks = try await standing("topics", "acls", "--role", "perks", "--topic-prefix", "x.")
            #expect(perks.code == 0 && perks.lines.first == "# perks: standing perks")
            #expect(
                perks.lines.dropFirst().allSatisfy {
                    $0.hasPrefix("kafka-acls.sh --bootstrap-server HOST:PORT ")
                        && $0.contains(" --allow-principal User:standing-perks --operation Read ")
                })
            #expect(perks.output.contains(" --topic x.standing.perks") && perks.output.contains("x.standing-perks"))
            let json = try await standing(
                "topics", "acls", "--role", "source", "--principal", "source=User:bank", "--output", "json")
            #expect(json.lines.count == 1 && json.output.contains("\"principal\":\"User:bank\""))
            #expect(
                json.output.contains(
                    "{\"resource\":\"topic\",\"name\":\"behaviour.payments\",\"operation\":\"Write\"}"))
            #expect(try await standing("topics", "acls").lines.count { $0.hasPrefix("# ") } == 12)
            #expect(try await standing("topics", "acls", "--role", "king").code == 2)
            for principal in ["source=bank", "source=User:", "source=:bank", "king=User:bank"] {
                #expect(try await standing("topics", "acls", "--principal", principal).code == 2, "\(principal)")
            }
        }

        @Test func filesThatCannotBeReadAndBrokersThatAreAwayFail() async throws {
            let folder = try TemporaryFolder()
            let absent = folder.path("absent")
            let files = try await standing("topics", "plan", "--brokers", "127.0.0.1:1", "--topics", absent)
            #expect(files.code == 1)
            #expect(files.messages.contains(absent))
            let away = try await standing("topics", "plan", "--brokers", "127.0.0.1:1")
            #expect(away.code == 1)
            #expect(away.messages.contains("error: 127.0.0.1:1"))
            #expect(try await standing("topics", "plan").code == 2)
            #expect(try await standing("topics", "shrink").code == 2)
        }
    }
}
