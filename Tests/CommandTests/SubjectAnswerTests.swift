import Foundation
import Testing

extension CommandTests {
    /// `GET /subjects/{id}` is answered on the connection's event loop where it can be, and by the router where not.
    struct SubjectAnswerTests {
        /// Connects, sends a text, and returns all that comes until the server closes the connection.
        private func exchange(_ text: String, _ port: UInt16) async throws -> String {
            let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            try #require(client >= 0)
            defer { close(client) }
            // Family, port and address, as `sockaddr_in` has them on a little-endian machine.
            let address =
                [UInt8(AF_INET), 0, UInt8(port >> 8), UInt8(port & 255), 127, 0, 0, 1]
                + [UInt8](repeating: 0, count: 8)
            let connected = address.withUnsafeBytes {
                connect(client, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
            }
            let sent = text.withCString { send(client, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
            try #require(connected == 0 && sent == text.utf8.count)
            return await withCheckedContinuation { continuation in
                Thread.detachNewThread { continuation.resume(returning: Self.received(client)) }
            }
        }

        private static func received(_ client: Int32) -> String {
            var received: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = recv(client, &buffer, buffer.count, 0)
                guard count > 0 else { return String(decoding: received, as: UTF8.self) }
                received += buffer[..<count]
            }
        }

        /// Without the lines that tell the time.
        private func undated(_ answer: String) -> String {
            answer.components(separatedBy: "\r\n").filter { !$0.hasPrefix("Date: ") }.joined(separator: "\r\n")
        }

        @Test func bothWaysSayTheSameByteForByte() async throws {
            let folder = try TemporaryFolder()
            let broker = try await Broker()
            let policy = try folder.write(Trial.policy, to: "policy.yaml")
            let server = try await Server(broker: broker.address, policy: policy, Server.longSession)
            let port = try #require(URL(string: server.address)?.port.map { UInt16($0) })
            let subjects = ["anna", "an/na", "änna", "a%b c"]
            let cluster = try TrialCluster(broker.address)
            try cluster.feed(
                subjects.enumerated().flatMap { number, subject in
                    [Trial.Event.enrolment(2 * number, subject), Trial.Event(2 * number + 1, "bill.paid", subject)]
                })
            try await server.waitUntilReady()
            let paths = [
                "anna": "200", "an%2Fna": "200", "an%2fna": "200", "%61nna": "200", "%C3%A4nna": "200",
                "a%25b%20c": "200", "nobody": "404", "a%2Fb%2Fc": "404", "ANNA": "404", "a%": "400", "%FF": "400",
                "%00": "404", "an/na": "404", "anna?x=1": "400",
            ]
            // Until nothing that an answer says changes any more.
            for (path, status) in paths.sorted(by: { $0.key < $1.key }) {
                try await wait(for: path) {
                    guard status == "200" else { return true }
                    let answer = await server.get("/subjects/\(path)")
                    let isFolded = answer?.body.contains("\"score\":615") ?? false
                    return isFolded && answer?.header("standing-current") == "true" ? true : nil
                }
            }
            for (path, status) in paths.sorted(by: { $0.key < $1.key }) {
                for method in ["GET", "HEAD"] {
                    let line = "\(method) /subjects/\(path) HTTP/1.1\r\nHost: localhost\r\n"
                    let last = "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                    let atOnce = try await exchange("\(line)\r\n\(last)", port)
                    // What has a body is answered by the router.
                    let routed = try await exchange("\(line)Content-Length: 1\r\n\r\n \(last)", port)
                    #expect(undated(atOnce) == undated(routed), "\(method) \(path)")
                    #expect(atOnce.hasPrefix("HTTP/1.1 \(status) "), "\(method) \(path): \(atOnce)")
                    #expect(atOnce.hasSuffix("ok\n"), "\(method) \(path): \(atOnce)")
                }
            }
            #expect(try await server.process.stop().code == 0)
        }
    }
}
