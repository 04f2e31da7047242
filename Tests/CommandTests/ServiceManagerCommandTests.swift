import Foundation
import Testing

extension CommandTests {
    /// The notifications of the three services to systemd (`Type=notify`).
    @Suite(
        .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/python3"), "Debian's python3 is not here"))
    struct ServiceManagerCommandTests {
        /// A Unix datagram socket, read by a program, so that nothing here waits for a datagram.
        private static let reader = """
            import socket, sys
            manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            manager.bind(sys.argv[1])
            print("bound", flush=True)
            while True:
                print(manager.recv(4096).decode(), flush=True)
            """

        @Test(arguments: ["serve", "perks", "blacklist"])
        func aServiceIsReadyWhenItPollsAndFeedsItsWatchdog(_ command: String) async throws {
            let folder = try TemporaryFolder()
            let script = try folder.write(Self.reader, to: "manager.py")
            let path = folder.path("notify")
            let manager = try Running([script, path], executable: URL(filePath: "/usr/bin/python3"))
            try await wait(for: "the socket", limit: Limit.start) { manager.outputSoFar.contains("bound") ? true : nil }
            // Nothing answers there yet.
            let port = try freePort()
            var arguments = [command, "--brokers", "127.0.0.1:\(port)", "--http-port", "0"]
            arguments +=
                command == "serve"
                ? ["--policy", try folder.write(Trial.policy, to: "policy.yaml")]
                : ["--database", folder.path("database.sqlite")]
            let service = try Running(
                arguments, environment: ["NOTIFY_SOCKET": path, "WATCHDOG_USEC": "60000000"])
            // A downstream service polls without a broker, perhaps before its first report. A member first joins its groups.
            try await wait(for: "the first report: \(service.messagesSoFar.suffix(2000))") {
                manager.outputSoFar.contains("STATUS=") ? true : nil
            }
            if command == "serve" {
                #expect(manager.outputSoFar.contains("EXTEND_TIMEOUT_USEC="))
                #expect(!manager.outputSoFar.contains("READY=1"))
            }
            #expect(!manager.outputSoFar.contains("STATUS=ready: "))
            let broker = try await Broker(port: port)
            try await wait(for: "life: \(manager.outputSoFar) \(service.messagesSoFar.suffix(2000))") {
                manager.outputSoFar.contains("READY=1\nWATCHDOG=1\n") && manager.outputSoFar.contains("STATUS=ready: ")
                    ? true : nil
            }
            #expect(try await service.stop().code == 0)
            try await wait(for: "the end") {
                manager.outputSoFar.contains("STOPPING=1\nSTATUS=stopping\n") ? true : nil
            }
            withExtendedLifetime(broker) {}
        }

        /// Where the Swift toolchain is installed its crash reports are on by default, and a process that another one has sent the
        /// signal outlives it.
        @Test(arguments: DeployFolder.units) func theWatchdogsSignalEndsAService(_ file: String) async throws {
            let unit = try DeployFolder.text(file)
            let environment = unit.matches(of: /(?m)^Environment=(\w+)=(.+)$/).map { (String($0.1), String($0.2)) }
            let service = try Running(
                ["lag", "--serve", "--brokers", "127.0.0.1:1", "--http-port", "0"],
                environment: Dictionary(uniqueKeysWithValues: environment))
            _ = try await service.message(after: "listening on ")
            service.signal(SIGABRT)
            let end = try await service.finished()
            #expect(end.code == nil && !end.messages.contains("Backtrace"), "\(file): \(end.messages.suffix(500))")
        }
    }
}
