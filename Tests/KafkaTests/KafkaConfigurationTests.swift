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
        #expect(error?.target == "no.such.property")
        #expect(error?.name == "_INVALID_ARG")
        #expect(error?.isRetriable == false)
    }

    @Test func namesThePropertyWhoseValueIsRefused() throws {
        let error = #expect(throws: KafkaError.self) { try KafkaConfiguration.check(["socket.timeout.ms": "soon"]) }
        #expect(error?.target == "socket.timeout.ms")
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
        #expect(error?.target == "sasl.password.x")
        #expect(error.map { "\($0)".contains("hunter2") } == false)
    }

    @Test func knowsTheGroupTimesThatPropertiesGive() {
        let plain = KafkaConfiguration(brokers: "127.0.0.1:1")
        #expect(plain.sessionTimeout == 10_000 && plain.pollInterval == nil)
        let given = KafkaConfiguration(
            brokers: "127.0.0.1:1", properties: ["session.timeout.ms": "3000", "max.poll.interval.ms": "4000"])
        #expect(given.sessionTimeout == 3000 && given.pollInterval == 4000)
    }

    /// The library refuses a poll interval that is shorter than the session.
    @Test func aPollIntervalIsAtLeastTheSessionThatPropertiesGive() throws {
        var options = Consumer.Options(group: "g")
        options.maximumPollInterval = 1000
        for session in ["3000", "400000"] {
            let kafka = KafkaConfiguration(brokers: "127.0.0.1:1", properties: ["session.timeout.ms": session])
            try Consumer(kafka, options: options).close()
        }
    }

    @Test func refusesABadPropertyBeforeConnecting() throws {
        let kafka = KafkaConfiguration(brokers: "127.0.0.1:1", properties: ["no.such.property": "1"])
        #expect(throws: KafkaError.self) { try Producer(kafka) }
        #expect(throws: KafkaError.self) { try Consumer(kafka) }
        #expect(throws: KafkaError.self) { try Admin(kafka) }
    }
}
