import Foundation
import Testing

@testable import HTTP

struct HTTPAddressTests {
    @Test(arguments: [
        ("one.example:8080", "one.example", 8080), ("10.0.0.1:1", "10.0.0.1", 1), ("[::1]:8080", "::1", 8080),
    ])
    func anAddressIsReadAndWritten(_ text: String, _ host: String, _ port: Int) {
        let address = HTTPAddress(text)
        #expect(address == HTTPAddress(host: host, port: port))
        #expect(address?.description == text)
    }

    @Test(arguments: [
        "one.example", "one.example:", "one.example:0", "one.example:65536", "one.example:http", ":8080", "::1:8080",
        "http://one.example:8080", "one example:8080", "", "one.example:+80", "one.example:080808", "one.example/x:80",
        "user@one.example:80", "one.example?x:80", "one.example#x:80", "one%2eexample:80", "[::1", "[one.example]:80",
        "[fe80::1%25eth0]:80", "[127.0.0.1]:80", "oné.example:80", "one.example\n:80",
    ])
    func whatIsNoAddress(_ text: String) { #expect(HTTPAddress(text) == nil) }

    private static let reaches: [(String, HTTPAddress.Reach)] = [
        ("127.0.0.1", .loopback), ("127.9.9.9", .loopback), ("::1", .loopback),
        ("::ffff:127.0.0.1", .loopback), ("LocalHost", .loopback), ("0.0.0.0", .everyAddress), ("::", .everyAddress),
        ("0", .everyAddress), ("10.1.2.3", .network), ("fe80::1", .network), ("::ffff:10.1.2.3", .network),
        ("one.example", .network),
    ]

    @Test(arguments: reaches)
    func whoReachesAHost(_ host: String, _ reach: HTTPAddress.Reach) { #expect(HTTPAddress.reach(of: host) == reach) }

    @Test func whereThisMachineConnects() {
        #expect(HTTPAddress(host: "0.0.0.0", port: 80).ownURL == "http://127.0.0.1:80")
        #expect(HTTPAddress(host: "::", port: 80).ownURL == "http://[::1]:80")
        #expect(HTTPAddress(host: "one.example", port: 80).ownURL == "http://one.example:80")
    }

    @Test func aPortInUseIsSaidWithItsMend() throws {
        #expect(try HTTPAddress(host: "127.0.0.1", port: 0).checkFree() == .loopback)
        #expect(try HTTPAddress(host: "0.0.0.0", port: 0).checkFree() == .everyAddress)
        let (descriptor, port) = try LoopbackSocket.listening()
        #expect(throws: HTTPAddress.Unusable.self) { try HTTPAddress(host: "127.0.0.1", port: port).checkFree() }
        do throws(HTTPAddress.Unusable) {
            _ = try HTTPAddress(host: "0.0.0.0", port: port).checkFree()
            Issue.record("the port is in use")
        } catch {
            #expect(
                error.description
                    == "HTTP on 0.0.0.0:\(port): another process listens there; give another --http-port, or 0 for any free one"
            )
        }
        close(descriptor)
        #expect(try HTTPAddress(host: "127.0.0.1", port: port).checkFree() == .loopback)
    }
}
