import Kafka
import Testing

@Suite struct KafkaConfigurationTests {
    @Test func takesWhatTheLibraryKnows() throws {
        try KafkaConfiguration.check(["security.protocol": "ssl", "socket.timeout.ms": "5000"])
    }

    @Test func namesTheUnknownProperty() throws {
        let error = #expect(throws: KafkaError.self) {
            try KafkaConfiguration.check(["socket.timeout.ms": "5000", "no.such.property": "1"])
        }
        #expect(error?.place == "no.such.property")
        #expect(error?.name == "_INVALID_ARG")
        #expect(error?.isRetriable == false)
    }

    @Test func namesThePropertyWhoseValueIsRefused() throws {
        let error = #expect(throws: KafkaError.self) { try KafkaConfiguration.check(["socket.timeout.ms": "soon"]) }
        #expect(error?.place == "socket.timeout.ms")
    }

    @Test(arguments: [
        "sasl.password", "ssl.key.password", "ssl.keystore.password", "ssl.key.pem", "sasl.oauthbearer.client.secret",
        "sasl.oauthbearer.config",
    ])
    func knowsSecrets(_ property: String) { #expect(KafkaConfiguration.isSecret(property)) }

    @Test(arguments: ["sasl.username", "bootstrap.servers", "ssl.ca.location"])
    func knowsWhatIsNoSecret(_ property: String) { #expect(!KafkaConfiguration.isSecret(property)) }

    @Test func neverShowsASecretValue() throws {
        // The name ends in an unknown part, so the library refuses it.
        let error = #expect(throws: KafkaError.self) { try KafkaConfiguration.check(["sasl.password.x": "hunter2"]) }
        #expect(error?.place == "sasl.password.x")
        #expect(error.map { "\($0)".contains("hunter2") } == false)
    }

    @Test func refusesABadPropertyBeforeConnecting() throws {
        let kafka = KafkaConfiguration(brokers: "127.0.0.1:1", properties: ["no.such.property": "1"])
        #expect(throws: KafkaError.self) { try Producer(kafka) }
        #expect(throws: KafkaError.self) { try Consumer(kafka) }
        #expect(throws: KafkaError.self) { try Admin(kafka) }
    }
}
