import Access
import Testing

struct CallerTests {
    @Test func aSubjectSeesItsOwnFileAlone() {
        let caller = Caller(name: "a", roles: [.subject], subject: Array("a".utf8))
        #expect(caller.may(.readFile, to: Array("a".utf8)))
        #expect(!caller.may(.readFile, to: Array("b".utf8)))
        #expect(!caller.may(.readFile))
        #expect(!Caller(name: "a", roles: [.subject]).may(.readFile))
    }

    @Test(arguments: Permission.allCases) func nobodyWithoutARoleMay(_ permission: Permission) {
        #expect(!Caller(name: "a", roles: []).may(permission, to: []))
        #expect(!permission.roles.isEmpty)
    }
}
