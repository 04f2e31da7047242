import Kafka

extension LagCollector {
    /// The groups with their commits, and every partition of the topics that they read as far as is known. `counts` has
    /// the number of partitions of each topic.
    func readGroups(counts: [String: Int], _ notes: inout [String]) -> [Offsets] {
        var listed = listGroups(&notes)
        let described = describe(&listed, &notes)
        if listed.isEmpty, filter == nil { notes.append(Self.nothingListed) }
        let names = listed.map(\.name)
        let commits = (try? groupAdmin.committed(groups: names, Self.commitLimits)) ?? [:]
        var groups: [Offsets] = []
        var failures: [(group: String, reason: KafkaError)] = []
        for group in listed {
            var offsets = Offsets(profile: Self.profile(group, described[group.name]))
            offsets.members = described[group.name].map(Self.owners) ?? [:]
            var topics = Set(knownGroups[group.name] ?? [])
            for topic in topics.sorted() where counts[topic] == nil {
                notes.append("group \(group.name): topic \(topic) is not on the cluster, or hidden from this client")
            }
            let known = topics.filter { counts[$0] != nil }
            do throws(KafkaError) {
                var committed = try commits[group.name, default: .failure(.tooLate)].get()
                if committed.isEmpty, !known.isEmpty {
                    // The embedded broker only returns offsets of partitions that are requested.
                    let partitions = Self.partitions(of: known, counts).sorted()
                    committed = try groupAdmin.committed(group: group.name, partitions: partitions)
                }
                for item in committed { offsets.committed[item.topicPartition] = item.offset }
            } catch {
                failures.append((group.name, error))
                offsets.profile.commitFailure = "\(error)"
            }
            topics.formUnion(offsets.committed.keys.map(\.topic))
            topics.formUnion(offsets.members.keys.map(\.topic))
            offsets.profile.missingTopics = topics.filter { counts[$0] == nil }.sorted()
            // Commits for a topic that no longer exists are not lag.
            offsets.committed = offsets.committed.filter { counts[$0.key.topic] != nil }
            offsets.partitions = Self.partitions(of: topics, counts).union(offsets.committed.keys)
            groups.append(offsets)
        }
        Self.note(failures, "the committed offsets are unknown", &notes)
        return groups
    }

    private static func note(
        _ failures: [(group: String, reason: KafkaError)], _ what: String, _ notes: inout [String]
    ) {
        for failure in failures.prefix(namedGroups) {
            notes.append("group \(failure.group): \(what): \(failure.reason)")
        }
        if failures.count > namedGroups { notes.append("\(failures.count - namedGroups) other groups: \(what)") }
    }

    private static func partitions(of topics: Set<String>, _ counts: [String: Int]) -> Set<TopicPartition> {
        var partitions: Set<TopicPartition> = []
        for topic in topics {
            for partition in 0..<(counts[topic] ?? 0) { partitions.insert(TopicPartition(topic, Int32(partition))) }
        }
        return partitions
    }

    // MARK: The list

    /// A group, and its entry in the brokers' list; nil if they do not list it. `mayBeMissing` if the others are listed:
    /// brokers list only groups that the client may describe, so it is either missing or hidden.
    private typealias Listed = (name: String, listing: Admin.Group?, mayBeMissing: Bool)

    private static let nothingListed =
        "the brokers list no group: there is none, or this client may describe none (`standing topics acls --role lag` prints "
        + "the rights for Standing's groups, with --every-group for all)"

    private func listGroups(_ notes: inout [String]) -> [Listed] {
        do throws(KafkaError) {
            let listing = try groupAdmin.listGroups()
            var groups = Dictionary(listing.groups.map { ($0.name, $0) }) { $1 }
            if let failure = listing.failure {
                // The groups of the missing broker were listed before.
                notes.append("not all brokers list their groups: \(failure)")
                groups.merge(listed) { current, _ in current }
            }
            listed = groups
            let wanted = Set(filter ?? Array(knownGroups.keys))
            let names = wanted.union(filter == nil ? Array(groups.keys) : [])
            return names.sorted().map { ($0, groups[$0], groups[$0] == nil) }
        } catch {
            notes.append("the broker does not list groups (\(error.name)): only the groups known here are shown")
            let known = filter ?? Array(Set(knownGroups.keys).union(listed.keys))
            return Set(known).sorted().map { ($0, nil, false) }
        }
    }

    // MARK: Descriptions

    /// Removes the groups that are neither listed nor known to their coordinators.
    private func describe(_ groups: inout [Listed], _ notes: inout [String]) -> [String: Admin.GroupDescription] {
        let asked = groups.filter { $0.listing?.isSimple != true }.map(\.name)
        let answers = (try? groupAdmin.describe(groups: asked, Self.descriptionLimits)) ?? [:]
        for group in groups where group.mayBeMissing && Self.isMissing(answers[group.name]) {
            groups.removeAll { $0.name == group.name }
            if filter != nil { notes.append("group \(group.name): not on the cluster") }
        }
        var failures: [(group: String, reason: KafkaError)] = []
        var found: [String: Admin.GroupDescription] = [:]
        for group in groups.map(\.name) {
            guard let answer = answers[group] else { continue }
            do throws(KafkaError) {
                found[group] = try answer.get()
            } catch {
                // A broker that cannot describe groups reports no failure of this group.
                if !Self.unsupported.contains(error.name) { failures.append((group, error)) }
            }
        }
        Self.note(failures, "the members are unknown", &notes)
        return found
    }

    /// Whether a group that is not listed does not exist: its coordinator does not know it, or cannot describe groups.
    /// A coordinator that refuses, or does not answer, may know it.
    static func isMissing(_ answer: Result<Admin.GroupDescription, KafkaError>?) -> Bool {
        switch answer {
        case .success(let description): description.state == dead
        case .failure(let error): unsupported.contains(error.name)
        case nil: false
        }
    }

    private static let unsupported: Set<String> = ["_UNSUPPORTED_FEATURE", "UNSUPPORTED_VERSION"]
    /// A coordinator's word for a group that has ended, and for one whose protocol this library does not know.
    private static let dead = "Dead"
    /// The library's word for a state without a name.
    private static let unnamed = "Unknown"

    private static func profile(_ group: Listed, _ description: Admin.GroupDescription?) -> GroupProfile {
        var profile = GroupProfile(name: group.name, state: group.listing.map(\.state))
        if group.listing?.isSimple == true { profile.kind = .classic }
        guard let description, description.state != dead else { return profile }
        if profile.state == nil || profile.state == unnamed { profile.state = description.state }
        profile.members = description.members.count
        if !description.assignor.isEmpty { profile.kind = .classic }
        return profile
    }

    /// The text between a member's client and its host.
    static let memberHost = " at "

    /// The members of the partitions that have one, as `CLIENT at HOST`.
    private static func owners(_ description: Admin.GroupDescription) -> [TopicPartition: String] {
        var owners: [TopicPartition: String] = [:]
        for member in description.members {
            // Java's brokers write a host as an address after a slash.
            let host = member.host.hasPrefix("/") ? String(member.host.dropFirst()) : member.host
            let name = member.client + memberHost + host
            for partition in member.partitions { owners[partition] = name }
        }
        return owners
    }
}
