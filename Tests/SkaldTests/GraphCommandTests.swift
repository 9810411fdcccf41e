import SagaFile
import SagaModel
import Testing

@testable import Skald

@Suite struct GraphCommandTests {
    private let file = sagas + "/create-order.saga.yaml"
    private let run = sagas + "/histories/create-order/card-declined.history.json"

    @Test(arguments: [("mermaid", "flowchart TD\n"), ("dot", "digraph "), ("svg", "<svg ")])
    func drawsInEveryFormat(_ format: String, _ mark: String) async {
        let result = await skald("graph", file, "--format", format)
        #expect(result.exit == .success && result.messages == "")
        #expect(result.output.contains(mark) && result.output.hasSuffix("\n"))
        #expect(result.output.contains("authorize-card") && result.output.contains("approved"))
        let drawn = await skald("graph", file, "--format", format, "--history", run)
        #expect(drawn.exit == .success && drawn.output != result.output)
        #expect(drawn.output.contains("CardDeclined"))
    }

    @Test func mermaidIsTheFormatIfNoneIsNamed() async {
        let result = await skald("graph", file)
        #expect(await skald("graph", file, "--format", "mermaid").output == result.output)
    }

    @Test func whatDoesNotFitIsRefused() async {
        let other = sagas + "/histories/cancel-order/cancelled.history.json"
        let strange = await skald("graph", file, "--history", other)
        #expect(strange.exit == .badInput && strange.messages.contains("is a history of `cancel-order`"))
        #expect(await skald("graph", "/nowhere.saga.yaml").exit == .badInput)
        #expect(await skald("graph", file, "--history", "/nowhere.json").exit == .badInput)
        #expect(await skald("graph", file, "--format", "png").exit == .usage)
        #expect(await skald("graph").exit == .usage)
    }
}

@Suite struct DiffCommandTests {
    private let file = sagas + "/create-order.saga.yaml"

    /// The next version of create-order, in the canonical form that needs no participants beside it.
    private func writeNext(to folder: borrowing TemporaryFolder, _ change: (inout Definition) -> Void) throws -> String
    {
        var definition = try #require(try SagaLibrary(folder: sagas).saga(named: "create-order")).definition
        definition.version += 1
        change(&definition)
        try folder.write("next.json", CanonicalDefinition(definition).json)
        return folder.path + "/next.json"
    }

    @Test func whatChangedOutsideTheStepsIsNamed() async throws {
        let folder = try TemporaryFolder()
        let next = try writeNext(to: folder) { definition in
            definition.deadline = .seconds(86_400)
            definition.search = []
        }
        let result = await skald("diff", file, next)
        #expect(result.output.contains("`deadline` changed") && result.output.contains("`search` changed"))
        #expect(!result.output.contains("`outcomes` changed"))
    }

    @Test func everythingMayMoveToTheSame() async {
        let result = await skald("diff", file, file)
        #expect(result.exit == .success)
        #expect(result.output.contains("the two mean the same") && result.output.contains("from 0 it must stay"))
    }

    @Test func whatStandsPastANewStepMustStay() async throws {
        let folder = try TemporaryFolder()
        let path = try writeNext(to: folder) { definition in
            guard case .step(var step) = definition.flow[3] else { return }
            step.id = "confirm-again"
            definition.flow.insert(.step(step), at: 4)
        }
        let result = await skald("diff", file, path)
        #expect(result.exit == .failed)
        #expect(result.output.contains("step `confirm-again` added"))
        #expect(result.output.contains("waits for approve-order"))
        let all = await skald("diff", file, path, "--all")
        #expect(all.output.contains("may move:") && all.output.contains("waits for create-ticket"))
        let json = await skald("diff", file, path, "--json")
        guard case .record(let answer) = try CanonicalJSON.value(of: json.output) else {
            Issue.record("no record")
            return
        }
        #expect(json.exit == .failed && json.messages == "")
        #expect(answer["old"] == 1 && answer["new"] == 2 && answer["staying"] != 0 && answer["same"] == false)
    }

    @Test func differentSagasAreRefused() async {
        let result = await skald("diff", file, sagas + "/cancel-order.saga.yaml")
        #expect(result.exit == .badInput && result.messages.contains("are different sagas"))
        #expect(await skald("diff", file).exit == .usage)
        #expect(await skald("diff", file, "/nowhere.saga.yaml").exit == .badInput)
    }
}
