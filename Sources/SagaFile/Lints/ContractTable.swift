import SagaModel

/// The commands of all participants by their type on the wire.
struct ContractTable {
    let participants: [String: Participant]

    init(_ participants: [String: Participant]) {
        self.participants = participants
    }

    func contract(of call: CallDraft) -> CommandContract? {
        let parts = call.command.value.split(separator: ".").map(String.init)
        return participants[parts[0]]?.command(named: parts[1])
    }

    /// The names of the replies that let the step go on; nil when the command is not known.
    ///
    /// A wait goes on with every event that does not say otherwise.
    func proceeding(_ step: StepDraft) -> [String]? {
        let verdicts = Dictionary(step.on.map { ($0.name.value, $0.value.verdict) }) { first, _ in first }
        func verdict(_ name: String) -> ReplyRule.Verdict? { verdicts[name] ?? nil }
        if let wait = step.await {
            return wait.events.map(\.value).filter { verdict($0) ?? .proceed == .proceed }
        }
        guard let contract = step.send.flatMap(contract) else { return nil }
        let successes = contract.successes.map(\.name).filter { verdict($0) ?? .proceed == .proceed }
        return successes + contract.failures.map(\.name).filter { verdict($0) == .proceed }
    }
}
