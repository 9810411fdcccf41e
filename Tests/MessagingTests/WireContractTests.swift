import Glibc
import Messaging
import Testing

/// The page people implement from must say what the code does.
@Suite struct WireContractTests {
    private let page: String

    init() throws {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let path = "/\(root)/Sources/Messaging/Messaging.docc/WireContract.md"
        page = String(decoding: try #require(MessageFixture.bytes(of: path)), as: UTF8.self)
    }

    @Test func theExampleIsTheFixture() throws {
        let fixture = try MessageFixture(named: "command")
        #expect(page.contains(fixture.contentHeader))
        #expect(page.contains(fixture.body))
    }

    @Test func everyHeaderIsNamed() {
        let names = [
            HeaderName.specVersion, HeaderName.eventID, HeaderName.source, HeaderName.eventType, HeaderName.causationID,
            HeaderName.traceparent, HeaderName.step, HeaderName.direction, HeaderName.stepTry, HeaderName.attempt,
            HeaderName.firstFailureAt, HeaderName.lastError, HeaderName.sender, HeaderName.deadReason,
        ]
        for name in names { #expect(page.contains("`\(name)`"), "\(name) is not on the page") }
    }

    @Test func everyReasonIsNamed() {
        for reason in DeadReason.allCases {
            #expect(page.contains("`\(reason.rawValue)`"), "\(reason) is not on the page")
        }
    }

    @Test func theTableOfTheFenceIsTheRule() {
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("|") && $0.contains(" | leaves | ") == false }
        for state in FenceState.allCases {
            let name = state == .new ? "nothing" : "`\(state.rawValue)`"
            guard let row = rows.first(where: { $0.hasPrefix("| \(name) |") }) else {
                Issue.record("\(state) has no row")
                continue
            }
            let cells = row.split(separator: "|").map { $0.drop { $0 == " " } }
            for (direction, cell) in [(StepReference.Direction.forward, 1), (.backward, 3)] {
                let decision = FenceRule.decide(direction, at: state)
                let says: String =
                    switch decision {
                    case .run: "is handled"
                    case .refuse: "answers `Fenced`"
                    case .nothingToUndo: "answers success, does nothing"
                    }
                #expect(cells[cell].hasPrefix(says), "\(state) \(direction): the rule says \(decision)")
                let next = FenceRule.state(after: direction, decision, at: state, .done)
                #expect(cells[cell + 1].hasPrefix("`\(next.rawValue)`"), "\(state) \(direction) leaves \(next)")
                guard decision == .run else { continue }
                for (answer, words) in [(HandlerResult.Answer.refused, "refuses"), (.unclear, "cannot say")] {
                    let next = FenceRule.state(after: direction, decision, at: state, answer)
                    #expect(
                        cells[cell + 1].contains("if it \(words), `\(next.rawValue)`")
                            || cells[cell + 1].contains("if it refuses or cannot say, `\(next.rawValue)`"),
                        "\(state) \(direction) leaves \(next) if it \(words)")
                }
            }
        }
    }
}
