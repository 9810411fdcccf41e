import SagaFile
import SagaModel
import Testing

@testable import Skald

@Suite struct CheckCommandTests {
    private let quick = ["--bounds", "timeouts=1,duplicates=0,crashes=0,losses=0,attempts=1", "--alone"]

    private func check(_ words: [String]) async -> (exit: ExitCode, output: String, messages: String) {
        let captured = CapturedConsole()
        let exit = await Tool().run(["check"] + words, captured.console())
        return (exit, captured.output, captured.messages)
    }

    @Test func soundSagasAreSound() async {
        let result = await check([sagas] + quick)
        #expect(result.exit == .success, "\(result.output)\(result.messages)")
        #expect(result.output.contains("create-order") && result.output.contains("sound"))
    }

    @Test func participantsThatAreMissingAreToldOnce() async throws {
        let folder = try TemporaryFolder()
        let saga = try SourceFile.read(sagas + "/create-order.saga.yaml")
        try folder.write("create-order.saga.yaml", String(decoding: saga.bytes, as: UTF8.self))
        let refused = await check([folder.path + "/create-order.saga.yaml"])
        #expect(refused.exit == .badInput)
        #expect(refused.messages.split(separator: "[unknown-participant]").count == 2, "\(refused.messages)")
        #expect(refused.messages.contains("no file *.participant.yaml in \(folder.path)/participants"))
    }

    @Test func aBrokenSagaIsToldAsAStoryAndAScenario() async throws {
        let folder = try TemporaryFolder()
        try OutputFile.makeFolder(folder.path + "/participants")
        for path in try #require(Folder.files(below: sagas + "/participants", suffix: ".yaml")) {
            let file = try SourceFile.read(path)
            let name = path.split(separator: "/").last.map(String.init) ?? ""
            try folder.write("participants/" + name, String(decoding: file.bytes, as: UTF8.self))
        }
        let sound = String(decoding: try SourceFile.read(sagas + "/create-order.saga.yaml").bytes, as: UTF8.self)
        // The ticket's undo frees nothing: it asks for the card instead.
        let broken = sound.replacing(
            "undo: { send: kitchen.CancelTicket, with: { orderId: data.orderId } }",
            with: "undo: { send: kitchen.ConfirmTicket, with: { orderId: data.orderId } }")
        try folder.write("create-order.saga.yaml", broken)
        let refused = await check([folder.path + "/create-order.saga.yaml"] + quick)
        #expect(refused.exit == .badInput && refused.messages.contains("[undo-without-fence]"))

        let promise = sound.replacing("ticket in [none, CANCELLED]", with: "ticket in [none, CREATE_PENDING]")
        try folder.write("create-order.saga.yaml", promise)
        let scenario = folder.path + "/broken.scenario.yaml"
        let result = await check([folder.path] + quick + ["--write-scenario", scenario])
        #expect(result.exit == .failed)
        #expect(result.output.contains("[promise-broken]") && result.output.contains("1  "))
        let failing = await skald("scenario", scenario, "--sagas", folder.path)
        #expect(failing.exit == .failed, "\(failing.output)")
        let mended = await skald("scenario", scenario, "--sagas", sagas)
        #expect(mended.exit == .success, "\(mended.output)")

        let json = await check([folder.path] + quick + ["--json"])
        #expect(json.exit == .failed && json.messages == "")
        #expect(json.output.contains("\"code\":\"promise-broken\""))
    }

    @Test func boundsAreThoseOfTheFileUnlessOthersAreAskedFor() async throws {
        let result = await check([sagas + "/create-order.saga.yaml", "--bounds", "timeouts=1,crashes=0,losses=0"])
        #expect(result.exit == .success)
        #expect(result.output.contains("within timeouts=1,duplicates=2,crashes=0,losses=0,attempts=2: create-order"))
    }

    @Test func theSearchCanBeCutShortButProvesNothingThen() async throws {
        let result = await check([sagas + "/create-order.saga.yaml", "--states", "100", "--json"])
        #expect(result.exit == .failed)
        #expect(result.output.contains("\"code\":\"not-exhaustive\"") && result.output.contains("\"exhaustive\":false"))
        let small = await check([sagas + "/create-order.saga.yaml", "--memory", "1"])
        #expect(small.exit == .failed && small.output.contains("allow more memory"))
        #expect(await check([sagas, "--states", "0"]).exit == .usage)
        #expect(await check([sagas, "--states", "many"]).exit == .usage)
    }

    @Test func aFolderThatIsNotThereIsBadInput() async {
        let result = await check(["/nowhere"])
        #expect(result.exit == .badInput && result.messages.contains("/nowhere"))
    }

    @Test func faultsAreToldForPrograms() async throws {
        let folder = try TemporaryFolder()
        try folder.write("a.saga.yaml", "saga: a\n")
        let result = await check([folder.path, "--json"])
        #expect(result.exit == .badInput && result.messages == "")
        #expect(result.output.contains("\"code\":\"missing-key\""))
    }

    @Test(arguments: [
        ("timeouts=9", 2), ("timeout=1", 2), ("timeouts", 2), ("timeouts=x", 2), ("timeouts=-1", 2),
    ]) func boundsAreChecked(_ bounds: String, _ exit: Int32) async {
        #expect(await check([sagas, "--bounds", bounds]).exit.rawValue == exit)
    }

    @Test func progressGoesToTerminalsOnly() async {
        let captured = CapturedConsole()
        _ = await Tool().run(["check", sagas] + quick, captured.console(isTerminal: false))
        #expect(!captured.messages.contains("\r"))
    }
}
