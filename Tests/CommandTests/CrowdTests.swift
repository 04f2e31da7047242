import Foundation
import Testing

extension CommandTests {
    /// Clients that open connections and do nothing with them, or everything at once, where descriptors are few.
    struct CrowdTests {
        private static let (idle, slow, lookUps) = (1000, 100, 200)
        private static let descriptors = 256

        /// Connections to one server that are closed with their owner.
        private final class Crowd {
            private var descriptors: [Int32] = []

            /// Does not wait until a connection is taken.
            func join(_ address: String, count: Int, sending text: String = "") throws {
                guard let port = URL(string: address)?.port else { throw Trouble("no port in \(address)") }
                for _ in 0..<count {
                    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
                    guard descriptor >= 0 else { throw Trouble("no descriptor left for the crowd itself") }
                    descriptors.append(descriptor)
                    var address = sockaddr_in()
                    address.sin_family = sa_family_t(AF_INET)
                    address.sin_port = in_port_t(port).bigEndian
                    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
                    withUnsafePointer(to: &address) { pointer in
                        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                            _ = connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                        }
                    }
                    guard !text.isEmpty else { continue }
                    _ = text.withCString { send(descriptor, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
                }
            }

            deinit { for descriptor in descriptors { close(descriptor) } }
        }

        init() throws {
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            limit.rlim_cur = min(limit.rlim_max, 8192)
            try #require(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
        }

        private func running(_ arguments: [String]) throws -> Running {
            let binary = try Package.binary().path
            return try Running(
                ["-c", "ulimit -n \(Self.descriptors); exec \"$@\"", "bash", binary] + arguments,
                executable: URL(filePath: "/bin/bash"))
        }

        @Test func idleSlowAndManyClientsKeepNobodyFromFactsAndAnswers() async throws {
            let folder = try TemporaryFolder()
            let broker = try await Broker()
            let cluster = try TrialCluster(broker.address)
            let policy = try folder.write(Trial.policy, to: "policy.yaml")
            let events = Trial.events(2000, subjects: 40, seed: 9)
            let text = try folder.write(Trial.text(events), to: "events.jsonl")
            let replay = try await standing("replay", "--policy", policy, "--events", text)
            let expected = try Standing.table(replay.output)
            let subject = try #require(expected.keys.sorted().first)

            let member = try running([
                "serve", "--brokers", broker.address, "--policy", policy, "--http-port", "0", "--clock", "events",
                "--data", folder.path("data"), "--snapshot-interval", "1s", "--kafka", "fetch.wait.max.ms=10",
            ])
            func service(_ name: String) throws -> Running {
                try running([
                    name, "--brokers", broker.address, "--http-port", "0", "--database", folder.path(name),
                    "--kafka", "fetch.wait.max.ms=10",
                ])
            }
            let services = [try service("perks"), try service("blacklist")]
            let server = try await member.message(after: "listening on ")
            var addresses = [server]
            for service in services { addresses.append(try await service.message(after: "listening on ")) }
            try cluster.feed(Array(events[..<1000]))
            for address in addresses {
                try await wait(for: "readiness of \(address)") {
                    await answer(address + "/readyz")?.status == 200 ? true : nil
                }
            }

            let crowd = Crowd()
            for address in addresses {
                try crowd.join(address, count: Self.idle)
                try crowd.join(address, count: Self.slow, sending: "GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
            }
            try crowd.join(
                server, count: Self.lookUps,
                sending: "GET /subjects/\(subject)/file HTTP/1.1\r\nHost: localhost\r\n\r\n")
            try cluster.feed(Array(events[1000...]))
            for address in addresses {
                // A connection beyond the limit may be closed before its request: the client asks again.
                try await wait(for: "life of \(address) among the crowd") {
                    await answer(address + "/livez")?.status == 200 ? true : nil
                }
            }
            for (subject, standing) in expected.sorted(by: { $0.key < $1.key }) {
                try await wait(for: "\(standing)") { () -> Bool? in
                    guard let answer = await answer("\(server)/subjects/\(subject)"), answer.status == 200 else {
                        return nil
                    }
                    let found = try JSONDecoder().decode(Standing.self, from: Data(answer.body.utf8))
                    return found == standing ? true : nil
                }
            }
            for address in addresses {
                try await wait(for: "readiness of \(address) among the crowd") {
                    await answer(address + "/readyz")?.status == 200 ? true : nil
                }
            }
            #expect(
                member.messagesSoFar.contains("HTTP connections are at their limit"),
                "\(member.messagesSoFar.suffix(999))")
            let ended = try await member.stop()
            #expect(ended.code == 0, "\(ended.messages.suffix(2000))")
            for service in services {
                let ended = try await service.stop()
                #expect(ended.code == 0, "\(ended.messages.suffix(2000))")
            }
        }
    }
}
