import SagaFile
import SagaModel
import Testing

@testable import Skald

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A folder that is gone when the test is over.
struct TemporaryFolder: ~Copyable {
    let path: String

    init() throws {
        var template = Array("/tmp/skald-tests-XXXXXX\0".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure(.bug, "mkdtemp: \(errno)") }
        path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress ?? UnsafePointer(bitPattern: 1)!) }
    }

    func write(_ name: String, _ text: String) throws {
        let file = try #require(fopen(path + "/" + name, "w"))
        defer { fclose(file) }
        fputs(text, file)
    }

    deinit {
        for file in Folder.files(below: path, suffix: "") ?? [] { unlink(file) }
        rmdir(path + "/participants")
        rmdir(path)
    }
}

/// The repository's own folder of sagas, wherever the checkout stands.
let sagas = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/sagas"

@Suite struct ReplayCommandTests {
    /// The beginning of an order: started, and its consumer verified.
    private func history() throws -> History {
        let saga = try #require(try SagaLibrary(folder: sagas).saga(named: "create-order"))
        let definition = try CompiledDefinition(saga.definition)
        let id = Identifier.saga(definition: "create-order", key: "o-1", milliseconds: 1_000)
        let payload: Record = [
            "orderId": "o-1", "consumerId": "c-1", "restaurantId": "r-1",
            "lines": .list([["menuItemId": "m-1", "quantity": 2]]),
        ]
        let started = Input(.started(StartEvent(saga: id, payload: payload)), milliseconds: 1_000)
        let sent = SagaMachine.decide(definition, .unstarted, started).actions
        let command = try #require(sent.compactMap { if case .send(let command) = $0 { command } else { nil } }.first)
        let reply = Reply(causation: command.request, sender: "consumer", name: "ConsumerVerified", turn: command.turn)
        return History.recording(
            [started, Input(.replied(reply), milliseconds: 1_010)], of: definition, hash: saga.canonical.hash)
    }

    @Test func sameDefinitionSameActions() async throws {
        let folder = try TemporaryFolder()
        try folder.write("a.history.json", try history().text)
        try folder.write("b.history.json", try history().text)
        let result = await skald("replay", folder.path, "--sagas", sagas)
        #expect(result.exit == .success, "\(result.messages)")
        #expect(result.output.contains("create-order  1        2          0"))
        #expect(result.messages.contains("2 histories"))
    }

    @Test func aChangedDefinitionDiverges() async throws {
        let folder = try TemporaryFolder()
        var changed = try history()
        changed.entries[1].actions.removeLast()
        try folder.write("a.history.json", changed.text)
        let result = await skald("replay", folder.path + "/a.history.json", "--sagas", sagas)
        #expect(result.exit == .failed)
        #expect(result.output.contains("diverges at input 2 of 2: consumer replies ConsumerVerified"))
        #expect(result.output.contains("recorded nothing more"))
        #expect(result.output.contains("today    "))
        let json = await skald("replay", folder.path, "--sagas", sagas, "--json")
        #expect(json.exit == .failed && json.messages == "")
        guard case .record(let answer) = try CanonicalJSON.value(of: json.output) else {
            Issue.record("no record")
            return
        }
        #expect(answer["histories"] == 1 && answer["diverging"] == 1)
    }

    @Test func whatCannotBeReadIsBadInput() async throws {
        let folder = try TemporaryFolder()
        try folder.write("a.history.json", "{\n \"format\": 1.5}")
        let broken = await skald("replay", folder.path, "--sagas", sagas)
        #expect(broken.exit == .badInput)
        #expect(broken.messages.contains("a.history.json:2:"))
        #expect(await skald("replay", "/nowhere.history.json", "--sagas", sagas).exit == .badInput)
        #expect(await skald("replay", "/nowhere.history.json", "--sagas", "/nowhere").exit == .badInput)
        try folder.write("a.history.json", try history().text.replacing("\"create-order\"", with: "\"no-order\""))
        let unknown = await skald("replay", folder.path, "--sagas", sagas)
        #expect(unknown.exit == .badInput && unknown.messages.contains("1 of `no-order`"))
    }

    @Test func oneDefinitionIsForItsOwnHistories() async throws {
        let folder = try TemporaryFolder()
        try folder.write("a.history.json", try history().text)
        try folder.write("b.history.json", try history().text.replacing("\"create-order\"", with: "\"no-order\""))
        let all = await skald("replay", folder.path, "--sagas", sagas)
        #expect(all.exit == .badInput && all.messages.contains("1 of `no-order`"))
        #expect(all.output.contains("create-order  1        1          0"), "what can be replayed is told all the same")
        let one = await skald("replay", folder.path, "--definition", sagas + "/create-order.saga.yaml")
        #expect(one.exit == .success, "\(one.messages)")
        #expect(one.output.contains("no-order               1          left out"), "\(one.output)")
        let none = await skald("replay", folder.path, "--definition", sagas + "/cancel-order.saga.yaml")
        #expect(none.exit == .badInput && none.messages.contains("Known: cancel-order."))
    }

    @Test func anEmptyFolderIsTold() async throws {
        let folder = try TemporaryFolder()
        let result = await skald("replay", folder.path, "--sagas", sagas)
        #expect(result.exit == .badInput && result.messages.contains("there is no history"))
    }
}

@Suite struct ExportCommandTests {
    @Test func writesTheContractAsYAMLOrJSON() async throws {
        let yaml = await skald("export", "asyncapi", "--sagas", sagas)
        #expect(yaml.exit == .success)
        #expect(yaml.output.hasPrefix("asyncapi: \"3.0.0\"\n"))
        #expect(yaml.output.contains("kitchen.CreateTicket"))
        let json = await skald("export", "asyncapi", "--sagas", sagas, "--format", "json")
        let value = try CanonicalJSON.value(of: json.output)
        #expect(YAMLWriter.text(of: value) == yaml.output)
    }

    @Test func writesTheSchemas() async throws {
        for kind in JSONSchema.Kind.allCases {
            let result = await skald("export", "schema", kind.rawValue)
            #expect(try CanonicalJSON.value(of: result.output) == JSONSchema.value(of: kind))
        }
        #expect(await skald("export", "schema", "sagas").exit == .usage)
        #expect(await skald("export", "asyncap").messages.contains("Did you mean `skald export asyncapi`?"))
    }
}
