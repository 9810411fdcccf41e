import SagaModel
import Testing

@testable import SagaFile

/// What only several files together can get wrong.
@Suite struct LibraryTests {
    private func faults(of versions: [(path: String, changes: [(String, String)])]) throws -> [String] {
        let text = try Base.text("base.saga.yaml")
        let participants = try Base.names.dropFirst().map { try SourceFile.read(Base.folder + "/" + $0) }
        let sagas = versions.map { version in
            SourceFile(
                path: version.path,
                text: version.changes.reduce(text) { text, change in
                    text.split(separator: change.0, omittingEmptySubsequences: false).joined(separator: change.1)
                })
        }
        do throws(DefinitionError) {
            _ = try SagaLibrary(participants: participants, sagas: sagas)
            return []
        } catch {
            return error.diagnostics.map { "\($0.file) \($0.code.rawValue) \($0.mark.line)" }
        }
    }

    @Test func aVersionMeansOneThing() throws {
        #expect(try faults(of: [("a", []), ("b", [("PT30M", "PT31M")])]) == ["b version-reused 2"])
        #expect(try faults(of: [("a", []), ("b", [])]) == ["b duplicate-saga 1"])
        #expect(try faults(of: [("a", []), ("b", [("PT30M", "PT31M"), ("version: 2", "version: 3")])]) == [])
    }

    @Test func aStepDoesNotVanish() throws {
        let renamed = [("version: 2", "version: 3"), ("id: ship", "id: send-off")]
        #expect(try faults(of: [("a", []), ("b", renamed)]) == ["b step-removed 2"])
        let told = renamed + [("compat: {", "compat: { 2: { rename: { ship: send-off } },")]
        #expect(try faults(of: [("a", []), ("b", told)]) == [])
        let dropped = renamed + [("compat: {", "compat: { 2: { removed: [ship] },")]
        #expect(try faults(of: [("a", []), ("b", dropped)]) == [])
    }

    @Test func aParticipantHasOneFile() throws {
        let file = try SourceFile.read(Base.folder + "/bank.participant.yaml")
        let error = #expect(throws: DefinitionError.self) {
            _ = try SagaLibrary(participants: [file, SourceFile(path: "twin", bytes: file.bytes)], sagas: [])
        }
        #expect(error?.diagnostics.map(\.code) == [.duplicateParticipant])
        #expect(error?.diagnostics.map(\.file) == ["twin"])
    }

    @Test func aSagaIsNotBlamedForItsParticipants() throws {
        let error = #expect(throws: DefinitionError.self) {
            _ = try Base.load(replacing: "shop.participant.yaml", with: Array("participant: shop".utf8))
        }
        #expect(error?.diagnostics.map(\.file) == ["shop.participant.yaml"])
    }

    @Test func moreStepsThanAnInstanceCanNumber() throws {
        let steps = (0...200).map {
            "  - { id: s\($0), kind: check, do: { send: shop.Wrap, with: { orderId: data.orderId, text: 'x' } } }\n"
        }
        let found = try faults(of: [("a", [("steps:\n", "steps:\n" + steps.joined())])])
        #expect(found == ["a too-many-steps 225"])
    }

    @Test func moreOutcomesThanAnInstanceCanNumber() throws {
        let outcomes = (0...61).map {
            "  o\($0): { end: completed, when: data.amount == \($0), require: cart == SHIPPED }\n"
        }
        #expect(try faults(of: [("a", [("outcomes:\n", "outcomes:\n" + outcomes.dropFirst().joined())])]) == [])
        let found = try faults(of: [("a", [("outcomes:\n", "outcomes:\n" + outcomes.joined())])])
        #expect(found == ["a out-of-range 135"])
    }

    /// The bank with one more aggregate of so many states.
    private func bank(stateCount: Int) throws -> SourceFile {
        let names = (1...stateCount).map { "S\($0)" }
        let moves = names.dropFirst().map { "      to-\($0.lowercased()): { from: S1, to: \($0) }\n" }
        let drawer = "  drawer:\n    states: [\(names.joined(separator: ", "))]\n    moves:\n" + moves.joined()
        let text = try Base.text("bank.participant.yaml")
        return SourceFile(
            path: "bank.participant.yaml", text: text.replacing("aggregates:\n", with: "aggregates:\n" + drawer))
    }

    @Test func moreStatesThanASetCanHold() throws {
        _ = try Base.load(replacing: "bank.participant.yaml", with: bank(stateCount: 64).bytes)
        let error = #expect(throws: DefinitionError.self) {
            _ = try Base.load(replacing: "bank.participant.yaml", with: bank(stateCount: 65).bytes)
        }
        #expect(error?.diagnostics.map { "\($0.code.rawValue) \($0.mark.line)" } == ["out-of-range 5"])
    }

    @Test func moreBeginningsThanAreSearched() throws {
        let participants = [try SourceFile.read(Base.folder + "/shop.participant.yaml"), try bank(stateCount: 64)]
        func load(given carts: String) throws -> SagaLibrary {
            let drawer = (1...64).map { "S\($0)" }.joined(separator: ", ")
            let given = "given: { drawer: [\(drawer)], hold: [none, HELD], cart: [\(carts)] }"
            let text = try Base.text("base.saga.yaml").replacing("given: { cart: OPEN }", with: given)
            return try SagaLibrary(participants: participants, sagas: [SourceFile(path: "buy", text: text)])
        }
        _ = try load(given: "none, OPEN")
        let error = #expect(throws: DefinitionError.self) { _ = try load(given: "none, OPEN, SHIPPED") }
        #expect(error?.diagnostics.map { "\($0.code.rawValue) \($0.mark.line)" } == ["out-of-range 15"])
    }

    @Test func whatCannotBeRead() {
        let missing = #expect(throws: DefinitionError.self) { _ = try SourceFile.read("/nowhere/at.all") }
        #expect(missing?.diagnostics.map(\.code) == [.fileUnreadable])
        let folder = #expect(throws: DefinitionError.self) { _ = try SourceFile.read("/tmp") }
        #expect(folder?.description.contains("irectory") == true)
        let endless = #expect(throws: DefinitionError.self) { _ = try SourceFile.read("/dev/zero") }
        #expect(endless?.diagnostics.map(\.code) == [.fileUnreadable])
        #expect(throws: DefinitionError.self) { _ = try SagaLibrary(folder: "/nowhere") }
    }

    @Test func everyCodeHasARemedyAndAPlainName() {
        for code in DiagnosticCode.allCases {
            #expect(!code.remedy.isEmpty)
            #expect(code.rawValue.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 })
        }
    }

    @Test func theModelsOwnCodesAreKnown() {
        for code in DefinitionFault.Code.allCases { #expect(DiagnosticCode(code) != nil) }
    }
}
