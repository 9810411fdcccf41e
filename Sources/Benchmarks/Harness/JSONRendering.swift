/// The report as the one JSON object that programs read: names, machine, medians.
struct JSONRendering {
    let benchmark: String
    let machine: MachineFacts
    let report: Report

    var text: String {
        let members = [
            "\"bench\": \(quoted(benchmark))",
            "\"machine\": \(object(machineMembers))",
            "\"ratios\": \(object(report.ratios.map(member)))",
            "\"figures\": \(object(report.figures.map(member)))",
        ]
        return "{\(members.joined(separator: ", "))}"
    }

    private var machineMembers: [String] {
        machine.facts.map { fact in
            switch fact.value {
            case .number(let number): "\(quoted(fact.name)): \(number.shortText)"
            case .text(let text): "\(quoted(fact.name)): \(quoted(text))"
            }
        }
    }

    private func member(_ finding: Finding) -> String {
        "\(quoted(finding.name)): \(finding.spread.median.shortText)"
    }

    private func object(_ members: [String]) -> String { "{\(members.joined(separator: ", "))}" }

    private func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
