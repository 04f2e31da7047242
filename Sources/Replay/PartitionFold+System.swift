internal import Events
internal import Ledger
internal import Policy
internal import Scoring

// What the ledger's own entries do: its beginning and its upgrades.
extension PartitionFold {
    mutating func applySystem(above published: [Int64], into facts: inout EncodedFacts) throws {
        switch ControlType(entry.event.type) {
        // The reader has handled it.
        case .sourceReset, .sourceGap: return
        // It concerns a record before it (`SkipSearch`).
        case .ledgerSkipped: return
        case .policyActivated: try begin()
        case .ledgerUpgraded:
            guard hasBegun else { throw problem("the partition does not begin with a policy") }
            let new = try readIdentity()
            guard new.version > identity.version else { return }
            // The facts so far keep the encoding of the old version.
            drain(above: published, into: &facts, sameEntry: true)
            // A ledger's name never changes.
            let name = identity.name ?? new.name ?? ""
            identity = (LedgerIdentity(name: name, version: new.version) ?? new).salted(identity.salt)
            fold.upgrade(to: new.version)
            if encoder != nil {
                encoder = FactEncoder(policy: fold.policy, partition: partition, ledger: identity.name)
            }
        default: throw problem("a system entry that this version does not know", needsNewerProgram: true)
        }
    }

    private func readIdentity() throws -> LedgerIdentity {
        do {
            return try LedgerIdentity(in: entry.event.data, decoder, known)
        } catch {
            throw problem("the ledger is of \(error)", needsNewerProgram: true)
        }
    }

    /// Handles the partition's first entry: its policy, and the ledger's identity.
    private mutating func begin() throws {
        guard let text = entry.event.policyText(decoder) else { throw problem("it begins without a policy's text") }
        guard !hasBegun else {
            // If two members began the empty ledger, the first entry wins.
            return
        }
        let (new, policy) = (try readIdentity(), try parse(text))
        identity = new
        let storesFacts = fold.storesFacts
        switch rule {
        case .ledger:
            policyText = text
            fold = Fold(
                policy: policy, version: known.waitsForUpgrade ? identity.version : known.newest, salt: identity.salt)
        case .past, .shadow:
            fold = rule.fold(of: fold.policy, version: identity.version, salt: identity.salt)
            if !rule.isFixed { fold.begin(under: policy) }
        case .fixed, .fixedSources: fold = Fold(policy: fold.policy, version: identity.version, salt: identity.salt)
        }
        fold.storesFacts = storesFacts
        lookUpInFold()
        if !rule.isBeside {
            encoder = FactEncoder(policy: fold.policy, partition: partition, ledger: identity.name)
        }
        hasBegun = true
    }

    func parse(_ text: String) throws -> ScoringPolicy {
        do {
            return try ScoringPolicy(yaml: text, file: "ledger[\(partition)]@\(frameOffset)")
        } catch let mistakes as YAMLMistakes {
            throw problem("the policy that is activated here does not compile: \(mistakes)")
        }
    }
}
