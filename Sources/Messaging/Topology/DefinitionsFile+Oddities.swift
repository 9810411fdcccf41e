/// What the broker holds otherwise than the contract declares anything. It may lose messages, as a queue does that drops what
/// is too much or ends with the broker, so it is compared with the rest.
extension DefinitionsFile.Queue {
    var oddities: [String] {
        lifeOddities(isDurable, isAutoDelete) + arguments.settings(besides: ["x-queue-type"])
    }
}

extension DefinitionsFile.Exchange {
    var oddities: [String] {
        lifeOddities(isDurable, isAutoDelete) + (isInternal == true ? ["internal"] : [])
            + arguments.settings(besides: [])
    }
}

extension DefinitionsFile.Policy {
    var oddities: [String] { (applyTo == "queues" ? [] : ["applies to \(applyTo)"]) + definition.oddities }
}

private func lifeOddities(_ isDurable: Bool, _ isAutoDelete: Bool) -> [String] {
    (isDurable ? [] : ["not durable"]) + (isAutoDelete ? ["auto-delete"] : [])
}

/// The settings of a policy in the broker's file: those of the contract, and others if somebody set them.
struct PolicyDefinition: Codable {
    let rules: PolicyRules
    let oddities: [String]

    init(_ rules: PolicyRules) {
        self.rules = rules
        oddities = []
    }

    init(from decoder: any Decoder) throws {
        rules = try PolicyRules(from: decoder)
        oddities = try JSONValue(from: decoder).settings(besides: PolicyRules.CodingKeys.allCases.map(\.rawValue))
    }

    func encode(to encoder: any Encoder) throws { try rules.encode(to: encoder) }
}

extension JSONValue {
    /// The fields of an object as `name=value`, by name.
    fileprivate func settings(besides known: [String]) -> [String] {
        guard case .object(let fields) = self else { return [] }
        return fields.filter { !known.contains($0.name) }.map { "\($0.name)=\($0.value.text)" }.sorted()
    }

    private var text: String { (try? JSON.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "" }
}
