import Testing

@testable import Pipeline

struct MemberDirectoryTests {
    private func announcement(_ address: String, _ partitions: Int32...) -> MemberAnnouncement {
        MemberAnnouncement(member: "m", address: address, partitions: partitions)
    }

    @Test func theLastToSaySoOwnsAPartition() {
        let directory = MemberDirectory(member: "me")
        directory.note(announcement("a", 0, 1), key: "a")
        directory.note(announcement("b", 1, 2), key: "b")
        #expect((0..<4).map { directory.owner(of: $0) } == ["a", "b", "b", nil])
        // What `a` no longer says of 0 is gone; what `b` said of 1 stands.
        directory.note(announcement("a"), key: "a")
        #expect((0..<3).map { directory.owner(of: $0) } == [nil, "b", "b"])
        directory.note(announcement("a", 2), key: "a")
        directory.note(nil, key: "b")
        #expect((0..<3).map { directory.owner(of: $0) } == [nil, nil, "a"])
    }

    @Test func newsIsWhatIsNotSaidYet() {
        let directory = MemberDirectory(member: "me")
        #expect(directory.news(of: [1]) == nil)
        #expect(directory.farewell() == nil)
        directory.ownAddress = "h:1"
        #expect(directory.news(of: [2, 1])?.partitions == [1, 2])
        #expect(directory.news(of: [1, 2]) == nil)
        directory.forget()
        #expect(directory.news(of: [1, 2])?.partitions == [1, 2])
        #expect(directory.news(of: [])?.partitions == [])
        directory.forget()
        #expect(directory.farewell() == "h:1")
        #expect(directory.farewell() == nil)
        #expect(directory.news(of: []) != nil)
    }

    @Test func anAnnouncementComesBackAsItWent() {
        let sent = announcement("127.0.0.1:8080", 3, 1)
        #expect(sent.json.withUnsafeBytes { MemberAnnouncement(json: $0) } == sent)
        for text in ["", "{}", "[1]", #"{"member":"m","address":"a","partitions":[4294967296]}"#] {
            #expect(Array(text.utf8).withUnsafeBytes { MemberAnnouncement(json: $0) } == nil)
        }
    }
}
