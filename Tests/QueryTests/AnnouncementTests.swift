import HTTP
import Testing

@testable import Query

struct AnnouncementTests {
    private func announced(
        _ host: String, _ reach: HTTPAddress.Reach, brokers: String, hostName: String = "one", as text: String? = nil
    ) -> String? {
        let announcement = Announcement(
            advertised: text.flatMap { HTTPAddress($0) }, host: host, reach: reach, hostName: hostName,
            brokers: brokers)
        return announcement.announced(port: 8080)?.description
    }

    @Test func anAddressThatOthersReachIsAnnounced() {
        #expect(announced("10.0.0.1", .network, brokers: "broker:9092") == "10.0.0.1:8080")
        #expect(announced("fd00::1", .network, brokers: "broker:9092") == "[fd00::1]:8080")
    }

    @Test func forEveryAddressTheHostsNameIsAnnounced() {
        #expect(announced("0.0.0.0", .everyAddress, brokers: "broker:9092") == "one:8080")
        #expect(announced("::", .everyAddress, brokers: "127.0.0.1:9092") == "one:8080")
        #expect(announced("0.0.0.0", .everyAddress, brokers: "broker:9092", hostName: "localhost") == nil)
    }

    @Test(arguments: [
        "127.0.0.1:9092", "localhost:9092, localhost:9093", "SSL://[::1]:9092", "localhost", "[::1]",
    ])
    func loopbackIsAnnouncedWhereTheBrokersAreOnThisMachine(_ brokers: String) {
        #expect(announced("127.0.0.1", .loopback, brokers: brokers) == "127.0.0.1:8080")
    }

    @Test(arguments: ["broker:9092", "localhost:9092,broker:9092", "SSL://10.0.0.1:9092"])
    func loopbackIsNotAnnouncedToOtherMachines(_ brokers: String) {
        #expect(announced("127.0.0.1", .loopback, brokers: brokers) == nil)
    }

    @Test func whatTheOperatorSaysIsTakenAsItIs() {
        #expect(
            announced("127.0.0.1", .loopback, brokers: "broker:9092", as: "gate.example:443") == "gate.example:443")
    }
}
