import Events
import Kafka
import Mapping
import Pipeline
import Testing

extension PipelineServiceTests {
    /// A topic of plain JSON whose topic file has a map.
    @Suite struct MappedSourceTests {
        private typealias Fixture = PipelineFixture

        private func record(_ text: String?) -> Fixture.Sent {
            Fixture.Sent(topic: Fixture.bills, key: nil, value: text.map { Array($0.utf8) }, headers: [])
        }

        @Test func itsRecordsBecomeEventsWithinItsDeclaration() throws {
            let fixture = try Fixture(ledgerPartitions: 1, sessionMilliseconds: Fixture.longSession)
            let map = try RecordMap(
                yaml: """
                    map:
                      when: value != null && value.op != "d"
                      id: string(value.number)
                      source: "'/bank/' + value.branch"
                      type: "'bill.' + value.state"
                      subject: value.who
                      time: timestamp(value.at)
                    """, file: "map.yaml")
            func row(_ number: Int, _ branch: String, _ state: String, op: String = "c") -> Fixture.Sent {
                record(
                    #"{"number":\#(number),"branch":"\#(branch)","state":"\#(state)","who":"anna","op":"\#(op)","#
                        + #""at":"2020-01-01T00:00:00Z"}"#)
            }
            let good = [row(1, "a", "paid"), row(2, "a", "paid")]
            let passedOver = [row(3, "a", "paid", op: "d"), record(nil)]
            let bad = [row(4, "a", "paid.not"), record("no JSON"), record("{}")]
            try fixture.send([Fixture.enrolment(of: "anna")] + good + [row(1, "a", "paid")] + passedOver + bad)
            let service = fixture.service(policy: fixture.policy) { configuration in
                configuration.topics.maps[Fixture.bills] = map
                configuration.topics.declarations[Fixture.bills] = SourceDeclaration(
                    owner: "o", sector: .private, purpose: "p", types: ["bill.paid", "bill.missed"],
                    sources: ["/bank/"],
                    format: .json, contact: "c")
            }
            try fixture.running(service) { service in
                try fixture.waitForFold(of: 4, by: service)
                try fixture.wait("read") {
                    service.status.intake.deadLetterTotal >= bad.count
                        && service.status.intake.passedOver >= passedOver.count
                }
                #expect(service.status.intake.deadLetters["source/not-declared"] == 1)
                let direct = try fixture.directStandings([
                    Fixture.enrolment(of: "anna"), Fixture.bill("1", of: "anna"), Fixture.bill("2", of: "anna"),
                ])
                #expect(fixture.standings(of: service) == direct)
                try fixture.wait("committed") {
                    service.status.sourcePositions.filter { $0.key.topic == Fixture.bills }.values.reduce(0, +)
                        == good.count + 1 + passedOver.count + bad.count
                }
            }
        }
    }
}
