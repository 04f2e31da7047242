import Events
import Policy
import Testing

@testable import Pipeline

struct MemberDirectoryTests {
    private func announcement(_ address: String, _ partitions: Int32...) -> MemberAnnouncement {
        MemberAnnouncement(member: "m", address: address, partitions: partitions)
    }

    private let start = ContinuousClock().now
    private let directory = MemberDirectory(member: "me")

    @Test func aMemberIsNoOtherOwner() {
        note(announcement("a", 0), key: "a")
        note(announcement("b", 1), key: "b")
        #expect(directory.otherOwner(of: 0) == "a" && directory.otherOwner(of: 2) == nil)
        directory.ownAddress = "a"
        #expect(directory.otherOwner(of: 0) == nil && directory.otherOwner(of: 1) == "b")
        #expect(directory.owner(of: 0) == "a")
    }

    private func note(_ announcement: MemberAnnouncement?, key: String) {
        directory.note(announcement, key: key, ledgerPartitions: 4)
    }

    @Test func theLastToSaySoOwnsAPartition() {
        note(announcement("a", 0, 1), key: "a")
        note(announcement("b", 1, 2), key: "b")
        #expect((0..<4).map { directory.owner(of: $0) } == ["a", "b", "b", nil])
        // What `a` no longer says of 0 is gone; what `b` said of 1 stands.
        note(announcement("a"), key: "a")
        #expect((0..<3).map { directory.owner(of: $0) } == [nil, "b", "b"])
        note(announcement("a", 2), key: "a")
        note(nil, key: "b")
        #expect((0..<3).map { directory.owner(of: $0) } == [nil, nil, "a"])
    }

    @Test func whoOwnsNothingIsKnownUpToALimitAndTheNewestAlways() {
        note(announcement("a", 0), key: "a")
        note(announcement("b"), key: "b")
        note(announcement("c"), key: "c")
        note(announcement("d"), key: "other")
        #expect(directory.otherIdle == ["b", "c"])
        directory.ownAddress = "c"
        #expect(directory.otherIdle == ["b"])
        note(announcement("b", 1), key: "b")
        note(announcement("a"), key: "a")
        note(nil, key: "c")
        #expect(directory.otherIdle == ["a"] && directory.owner(of: 0) == nil)
        for number in 0...MemberDirectory.maximumIdle { note(announcement("h:\(number)"), key: "h:\(number)") }
        #expect(directory.otherIdle.count == MemberDirectory.maximumIdle)
        #expect(directory.otherIdle.first == "h:1" && directory.otherIdle.last == "h:\(MemberDirectory.maximumIdle)")
        note(announcement("c"), key: "c")
        for number in 100...100 + MemberDirectory.maximumIdle {
            note(announcement("h:\(number)"), key: "h:\(number)")
        }
        #expect(directory.otherIdle.count == MemberDirectory.maximumIdle - 1, "the own address has a place too")
        #expect(directory.otherIdle.last == "h:\(100 + MemberDirectory.maximumIdle)")
    }

    @Test func whoOwnsNothingAnnouncesItselfAgainOnceTheTopicHasLostIt() {
        directory.ownAddress = "h:1"
        #expect(directory.news(of: [], at: start) != nil)
        note(announcement("h:1"), key: "h:1")
        #expect(directory.news(of: [], at: start + .seconds(60)) == nil)
        for number in 0...MemberDirectory.maximumIdle { note(announcement("x:\(number)"), key: "x:\(number)") }
        #expect(directory.news(of: [], at: start + .seconds(60)) == nil, "however many others there are")
        note(nil, key: "h:1")
        #expect(directory.news(of: [], at: start + .seconds(60))?.address == "h:1")
        #expect(directory.news(of: [], at: start + .seconds(61)) == nil, "it may be under way")
    }

    @Test func newsIsWhatIsNotSaidYet() {
        #expect(directory.news(of: [1], at: start) == nil)
        #expect(directory.farewell() == nil)
        directory.ownAddress = "h:1"
        #expect(directory.news(of: [2, 1], at: start)?.partitions == [1, 2])
        #expect(directory.news(of: [1, 2], at: start) == nil)
        directory.forget()
        #expect(directory.news(of: [1, 2], at: start)?.partitions == [1, 2])
        #expect(directory.news(of: [], at: start)?.partitions == [])
        directory.forget()
        #expect(directory.farewell() == "h:1")
        #expect(directory.farewell() == nil)
        #expect(directory.news(of: [], at: start) != nil)
    }

    /// Not a seal that anybody should use: the number of bytes.
    private static func seal(_ secret: UInt8) -> MemberSeal {
        MemberSeal {
            [secret, UInt8(truncatingIfNeeded: $0.count)]
        } isCode: { code, bytes in
            code == [secret, UInt8(truncatingIfNeeded: bytes.count)]
        }
    }

    @Test func withASecretOnlyMembersAreBelieved() throws {
        let directory = MemberDirectory(member: "me", seal: Self.seal(1))
        func note(_ announcement: MemberAnnouncement?, key: String) {
            guard let announcement else { return directory.note(key: key, value: nil, ledgerPartitions: 4) }
            announcement.json.withUnsafeBytes { directory.note(key: key, value: $0, ledgerPartitions: 4) }
        }
        note(announcement("a", 0), key: "a")
        note(announcement("b", 1).sealed(Self.seal(2)), key: "b")
        #expect((0..<2).map { directory.owner(of: $0) } == [nil, nil])
        note(announcement("a", 0).sealed(Self.seal(1)), key: "a")
        #expect(directory.owner(of: 0) == "a")
        // A forged word neither takes a partition nor takes a member's word back.
        note(announcement("c", 0), key: "c")
        note(announcement("a", 3), key: "a")
        #expect(directory.owner(of: 0) == "a" && directory.owner(of: 3) == nil)
        var altered = announcement("a", 0).sealed(Self.seal(1))
        altered.partitions = [0, 22]
        note(altered, key: "a")
        #expect(directory.owner(of: 0) == "a")
        note(nil, key: "a")
        #expect(directory.owner(of: 0) == nil)

        directory.ownAddress = "h:1"
        let news = try #require(directory.news(of: [2], at: start))
        #expect(news.isSealed(Self.seal(1)))
        note(news, key: "h:1")
        #expect(directory.news(of: [2], at: start.advanced(by: .seconds(10))) == nil)
        note(announcement("h:1", 3), key: "h:1")
        #expect(directory.news(of: [2], at: start.advanced(by: .seconds(10))) != nil, "the topic has lost it")
    }

    @Test func anAnnouncementUnderAnothersKeyOrOfNoPartitionIsNobodysWord() {
        note(announcement("a", 0), key: "a")
        note(announcement("b", 1), key: "c")
        note(announcement("d", -1, 4, .max), key: "d")
        #expect((-1..<5).map { directory.owner(of: $0) } == [nil, "a", nil, nil, nil, nil])
        #expect(directory.owner(of: .max) == nil)
    }

    /// `full` of anybody could block enrolments, and a claim of anybody send questions elsewhere.
    @Test func anOwnerThatFindsItselfMissingOrMisquotedAnnouncesAgain() throws {
        directory.ownAddress = "h:1"
        let announced = try #require(directory.news(of: [0, 1], at: start))
        note(announced, key: "h:1")
        #expect(directory.news(of: [0, 1], at: start + .seconds(60)) == nil, "the topic says so")

        var full = announced
        full.full = true
        for (wrong, key) in [
            (announcement("x:1", 1), "x:1"), (full, "h:1"), (announcement("h:1", 0), "h:1"), (nil, "h:1"),
            (announcement("x:1"), "h:1"),
        ] as [(MemberAnnouncement?, String)] {
            note(announced, key: "h:1")
            directory.forget()
            _ = directory.news(of: [0, 1], at: start)
            note(wrong, key: key)
            #expect(directory.news(of: [0, 1], at: start + .seconds(1)) == nil, "its own word may be under way")
            #expect(directory.news(of: [0, 1], at: start + .seconds(3)) == announced)
            #expect(directory.news(of: [0, 1], at: start + .seconds(4)) == nil)
        }
        note(full, key: "x:1")
        #expect(!directory.isFull(2, unknown: false), "of a partition that is not the full member's")
    }

    // MARK: The shadow

    private static let policy = PipelineFixture.policyText

    private func note(_ value: [UInt8]?, under key: String = ShadowOrder.key) {
        guard let value else { return directory.note(key: key, value: nil, ledgerPartitions: 4) }
        value.withUnsafeBytes { directory.note(key: key, value: $0, ledgerPartitions: 4) }
    }

    private func order(_ by: String) -> ShadowOrder {
        ShadowOrder(text: Self.policy, since: Timestamp(microseconds: 0), by: by)
    }

    @Test func whichOrderHoldsIsKnownOnceTheTopicIsReadToItsEnd() {
        for by in ["one", "two"] { note(order(by).json) }
        #expect(!directory.shadow.isKnown && directory.shadow.order == nil)
        directory.noteEnd()
        #expect(directory.shadow.isKnown && directory.shadow.order == order("two"))
        note(nil)
        #expect(directory.shadow.isKnown && directory.shadow.order == nil)
        note(order("three").json)
        directory.beginReading()
        #expect(!directory.shadow.isKnown)
        directory.noteEnd()
        #expect(directory.shadow.order == nil, "the topic has it no more")
    }

    @Test func anOrderIsNoMemberAndAMemberNoOrder() throws {
        note(announcement("a", 0).json, under: "a")
        directory.noteEnd()
        note(announcement("shadow", 1).json)
        #expect(directory.owner(of: 1) == nil && directory.shadow.order == nil)
        note(order("one").json)
        note(order("two").json, under: "a")
        #expect(directory.owner(of: 0) == nil, "its announcement is gone")
        #expect(directory.shadow.order == order("one"))
    }

    @Test func anOrderComesBackAsItWent() throws {
        let sent = order("anna")
        let found = try #require(sent.json.withUnsafeBytes { ShadowOrder(json: $0) })
        #expect(found == sent && found.policy?.id == "hamlet" && found.mistakes == nil)
        #expect(found.hash == PolicyHash.of(Self.policy))
        for text in ["", "{}", #"{"policy":"a"}"#, #"{"policy":"a","since":"yesterday"}"#] {
            #expect(Array(text.utf8).withUnsafeBytes { ShadowOrder(json: $0) } == nil)
        }
        let bad = ShadowOrder(text: "policy: a", since: Timestamp(microseconds: 0))
        #expect(bad.policy == nil && bad.mistakes?.contains("error") == true)
    }

    /// What a command reads of the topic.
    @Test func theTableHasWhoWasTheLastToSayThatItOwnsAPartition() {
        var table = MembersTable()
        func note(_ value: [UInt8]?, _ key: String) {
            Array(key.utf8).withUnsafeBytes { key in
                guard let value else { return table.note(key: key, value: nil) }
                value.withUnsafeBytes { table.note(key: key, value: $0) }
            }
        }
        note(announcement("b", 0, 1).json, "b")
        note(order("one").json, ShadowOrder.key)
        note(announcement("a", 1, 2).json, "a")
        note(announcement("c", 3).json, "c")
        note(announcement("d", 3).json, "e")
        note(nil, "c")
        #expect(table.members.map(\.address) == ["a", "b"] && table.members.map(\.partitions) == [[1, 2], [0]])
        #expect(table.shadow == order("one"))
        note(nil, ShadowOrder.key)
        #expect(table.shadow == nil)
    }

    @Test func anAnnouncementComesBackAsItWent() {
        let sent = announcement("127.0.0.1:8080", 3, 1)
        #expect(sent.json.withUnsafeBytes { MemberAnnouncement(json: $0) } == sent)
        for text in ["", "{}", "[1]", #"{"member":"m","address":"a","partitions":[4294967296]}"#] {
            #expect(Array(text.utf8).withUnsafeBytes { MemberAnnouncement(json: $0) } == nil)
        }
    }
}
