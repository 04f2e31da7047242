import Access
import HTTPTypes
import Testing

/// The console with a route table before it, and the users of a file.
struct ServerTests {
    private static let formType: HTTPFields = [.contentType: "application/x-www-form-urlencoded"]

    private static let users = "mira reviewer - \(TownClient.hash)\nsam subject ada-4471 \(TownClient.hash)\n"

    private func token(in page: String) throws -> String {
        String(try #require(page.firstMatch(of: /name="token" value="([^"]*)"/)).1)
    }

    @Test func somebodySignsInDecidesAnAppealAndSignsOut() async throws {
        let client = try await TownClient(users: Self.users)
        let first = try await client.send(.get, "/console/appeals")
        #expect(first.status == 303 && first.fields[.location] == "/console/sign-in?to=%2Fconsole%2Fappeals")
        let form = "name=mira&password=correct+horse+battery&to=%2Fconsole%2Fappeals"
        let signedIn = try await client.send(.post, "/console/sign-in", Self.formType, body: form)
        #expect(signedIn.status == 303 && signedIn.fields[.location] == "/console/appeals")
        #expect(signedIn.fields[.setCookie]?.contains("HttpOnly") == true)
        let page = try await client.send(
            .get, "/console/appeal?id=ada-4471&sanction=no-deferred-payment&purpose=decision")
        #expect(page.status == 200 && page.fields[.cacheControl] == "no-store")
        let act =
            "token=\(try token(in: page.body))&key=k1&subject.encoded=ada-4471&sanction.encoded=slow-lane&outcome=upheld&reason=r"
        let done = try await client.send(.post, "/console/acts/decide-appeal", Self.formType, body: act)
        #expect(done.status == 303)
        #expect(await client.town.town.performed.acts.first?.caller.name == "mira")
        let cookie = client.cookie
        let out = try await client.send(
            .post, "/console/sign-out", Self.formType, body: "token=\(try token(in: page.body))")
        #expect(out.status == 303)
        client.cookie = cookie
        let after = try await client.send(.get, "/console/appeals")
        #expect(after.status == 401 && after.body.contains("Your session has ended"))
    }

    @Test func aPersonIsLedToTheOwnPageAndToNoOther() async throws {
        let client = try await TownClient(users: Self.users)
        _ = try await client.send(
            .post, "/console/sign-in", Self.formType, body: "name=sam&password=correct+horse+battery")
        let start = try await client.send(.get, "/console")
        #expect(start.status == 303 && start.fields[.location] == "/console/me")
        let own = try await client.send(.get, "/console/me")
        #expect(own.status == 200 && own.body.contains("Your score is 640"))
        let audit = try await client.send(.get, "/console/audit")
        #expect(audit.status == 403 && audit.body.contains("This page is for the role auditor."))
    }

    @Test func aFormOfAnotherSiteOrSessionDoesNothing() async throws {
        let client = try await TownClient(users: Self.users)
        _ = try await client.send(
            .post, "/console/sign-in", Self.formType, body: "name=mira&password=correct+horse+battery")
        let act = "token=TOKEN&key=k1&subject.encoded=ada-4471&sanction.encoded=slow-lane&outcome=upheld&reason=r"
        let page = try await client.send(.get, "/console/acts/decide-appeal")
        let token = try token(in: page.body)
        let forged = try await client.send(.post, "/console/acts/decide-appeal", Self.formType, body: act)
        #expect(forged.status == 403)
        var elsewhere = Self.formType
        elsewhere[.origin] = "https://evil.example"
        let foreign = try await client.send(
            .post, "/console/acts/decide-appeal", elsewhere, body: act.replacing("TOKEN", with: token))
        #expect(foreign.status == 403 && foreign.body.contains("Nothing was done."))
        #expect(await client.town.town.performed.acts.isEmpty)
    }

    @Test func withoutUsersThisMachineUsesTheConsole() async throws {
        let client = try await TownClient(users: nil)
        for route in [
            "/console", "/console/policies", "/console/lag", "/console/words", "/console/subjects?prefix=&kind=",
        ] {
            let page = try await client.send(.get, route)
            #expect(page.status == 200 && page.body.contains("<h1"), "\(route)")
        }
        let ghost = try await client.send(.get, "/console/ghost")
        #expect(ghost.status == 404 && ghost.body.contains("There is no such page"))
        let wrong = try await client.send(.get, "/console/lag?x=1")
        #expect(wrong.status == 400 && wrong.body.contains("This request was not understood"))
    }
}
