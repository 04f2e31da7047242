import Events
import Policy
import Scoring

extension Story {
    /// Switches the policy, and returns the facts. `past` is everything given so far, and `first` the policy that it began under,
    /// the timers' first; nil if the activation came before, or `replaces` names another policy than the active one.
    @discardableResult func switched(
        to policy: ScoringPolicy, on day: Double, id: String = "switch", replaces: String? = nil,
        past happenings: [Happening], first: ScoringPolicy
    ) throws -> [String]? {
        let event = item(Self.activation(of: policy, on: day, id: id, replaces: replaces), entry: entry).event
        guard fold.admitActivation(event, entry: entry) == .admitted else { return nil }
        var facts = factTexts()
        fold.clearOutput(sameEntry: true)
        var past = Fold(pastOf: policy, version: fold.version)
        past.begin(under: first)
        for happening in happenings {
            let item = item(happening, entry: 0)
            if item.type != nil {
                past.fold(item.event, type: past.resolve(type: item.event.type), entry: 0)
            } else {
                past.tick(item.event.time, entry: 0)
            }
            past.clearOutput()
        }
        try past.succeed(fold, by: event, entry: entry)
        previous = fold.policy
        swap(&fold, &past)
        facts += factTexts()
        fold.clearOutput()
        entry += 1
        return facts
    }

    /// `replaces`: what it says of the policy that it was approved against.
    static func activation(
        of policy: ScoringPolicy, on day: Double, id: String, replaces: String? = nil
    ) -> Happening {
        var data = ByteWriter()
        data.append("{\"policy\":")
        data.append(jsonString: policy.text)
        if let replaces {
            data.append(",\"replaces\":")
            data.append(jsonString: replaces)
        }
        data.append("}")
        return happened(
            "standing.policy.activated", "", on: day, id: id, source: "/council",
            data: String(decoding: data.bytes, as: UTF8.self))
    }
}
