import Messaging
import SagaFile
import Testing

/// What a file may call a message can travel.
@Suite struct MessageTypeNameTests {
    @Test(arguments: [
        "kitchen.CreateTicket", "kitchen-2.CreateTicket", "k.C", "kitchen-.CreateTicket", "-kitchen.CreateTicket",
        "kitchen--2.CreateTicket", "kitchen.Create-Ticket", "kitchen.createTicket", "Kitchen.CreateTicket",
    ])
    func aCommandThatMayBeWrittenCanBeSent(name: String) {
        if NameRule.commandType.allows(name) { #expect(MessageType(name) != nil) }
        #expect(NameRule.commandType.allows(name) == name.matchesPattern(of: .commandType))
    }

    @Test(arguments: ["order.created", "order.created-", "order-.created", "order.re-created", "o.c", "order.c--d"])
    func anEventThatMayBeWrittenCanBePublished(name: String) {
        #expect(NameRule.eventType.allows(name) == (MessageType(name) != nil))
        #expect(NameRule.eventType.allows(name) == name.matchesPattern(of: .eventType))
    }

    @Test func theLimitOfTheWireIsThatOfTheFiles() {
        #expect(NameRule.messageTypeByteCountMax == MessageType.byteCountMax)
    }

    @Test func aCommandTooLongForTheWireIsRefusedWhereItStands() throws {
        #expect(try faults(ownerByteCount: 63, commandByteCount: 64).isEmpty)
        #expect(try faults(ownerByteCount: 64, commandByteCount: 64) == ["bad-name 4", "bad-name 5"])
    }

    private func faults(ownerByteCount: Int, commandByteCount: Int) throws -> [String] {
        let owner = String(repeating: "o", count: ownerByteCount)
        let command = String(repeating: "C", count: commandByteCount)
        let reply = String(repeating: "R", count: commandByteCount)
        let text = """
            participant: \(owner)
            queue: shop.commands
            commands:
              \(command): { key: orderId, payload: { orderId: id }, ok: \(reply) }
            replies: { \(reply): {} }
            """
        do {
            _ = try SagaLibrary(participants: [SourceFile(path: "shop", text: text)], sagas: [])
            return []
        } catch {
            return error.diagnostics.map { "\($0.code.rawValue) \($0.mark.line)" }
        }
    }
}

extension String {
    /// Whether the rule as editors know it allows it.
    fileprivate func matchesPattern(of rule: NameRule) -> Bool {
        (try? Regex(rule.pattern).wholeMatch(in: self)) != nil
    }
}
