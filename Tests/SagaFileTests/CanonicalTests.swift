import SagaModel
import Testing

@testable import SagaFile

@Suite struct CanonicalTests {
    private func base(_ changes: (String, String)...) throws -> LoadedSaga {
        var text = try Base.text("base.saga.yaml")
        for (old, new) in changes {
            #expect(text.contains(old))
            text = text.split(separator: old, omittingEmptySubsequences: false).joined(separator: new)
        }
        return try #require(try Base.load(replacing: "base.saga.yaml", with: Array(text.utf8)).sagas.first)
    }

    @Test func readsBackWhatItWrote() throws {
        let library = try SagaLibrary(folder: Repository.sagas)
        for saga in library.sagas + [try base()] {
            let again = try LoadedSaga.canonical(saga.canonical.json)
            #expect(again.canonical == saga.canonical)
            _ = try CompiledDefinition(again.definition)
        }
    }

    @Test func keepsWhatTheStepsDo() throws {
        let saga = try base()
        let again = try LoadedSaga.canonical(saga.canonical.json)
        #expect(again.definition.flow == saga.definition.flow)
        #expect(again.definition.data == saga.definition.data)
        #expect(again.definition.deadline == saga.definition.deadline)
        #expect(again.definition.outcomes.map(\.when) == saga.definition.outcomes.map(\.when))
    }

    @Test func wordsForPeopleDoNotChangeTheHash() throws {
        let hash = try base().canonical.hash
        #expect(hash.utf8.count == 64)
        #expect(
            try base(("about: Buys one thing.", "about: Sells one thing.  # says a comment")).canonical.hash == hash)
        #expect(try base(("deadline: PT30M", "deadline: PT1800S\nx-team: blue")).canonical.hash == hash)
        #expect(try base(("crashes: 0", "crashes: 2")).canonical.hash == hash)
        #expect(
            try base(("    timeout: PT10S", "    timeout: PT10S\n    retry: { attempts: 3 }")).canonical.hash == hash)
    }

    @Test(arguments: [
        ("version: 2", "version: 3"), ("deadline: PT30M", "deadline: PT31M"), ("'with love'", "'with hate'"),
        ("Gone: fail", "Gone: retry"), ("jitter: 10", "jitter: 11"), ("retention: P30D", "retention: P31D"),
        ("when: data.gift == true", "when: data.gift == false"), ("join: all", "join: fail-fast"),
    ]) func whatChangesTheCourseChangesTheHash(_ old: String, _ new: String) throws {
        let hash = try base().canonical.hash
        #expect(try base((old, new)).canonical.hash != hash)
    }

    @Test func aCommandThatTheSagaDoesNotUseIsNotHashed() throws {
        let text = try Base.text("shop.participant.yaml")
        let more = text.split(separator: "replies:\n", omittingEmptySubsequences: false).joined(
            separator: "  Paint: { key: orderId, payload: { orderId: id }, ok: Painted }\nreplies:\n  Painted: {}\n")
        let saga = try Base.load(replacing: "shop.participant.yaml", with: Array(more.utf8)).sagas.first
        #expect(try saga?.canonical.hash == base().canonical.hash)
    }

    @Test func sha256OfAKnownText() throws {
        // FIPS 180-2, appendix B.1.
        #expect(
            CanonicalDefinition.hexadecimalSHA256(of: Array("abc".utf8))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test func quotesInTextSurvive() throws {
        let saga = try base(("'with love'", "'it''s \"quoted\"'"))
        #expect(try LoadedSaga.canonical(saga.canonical.json).definition.flow == saga.definition.flow)
    }
}
