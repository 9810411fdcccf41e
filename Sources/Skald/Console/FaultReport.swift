import SagaFile
import SagaModel

/// Shows the faults of files: place, message, the line itself with a mark below, and what to do.
struct FaultReport {
    private let diagnostics: [Diagnostic]

    init(_ error: DefinitionError) {
        diagnostics = error.diagnostics
    }

    func say(on console: Console) {
        let style = console.messages.style
        for (index, fault) in diagnostics.enumerated() {
            if index > 0 { console.say("") }
            let place = style.bold("\(fault.file):\(fault.mark.line):\(fault.mark.column):")
            console.say("\(place) \(style.red("error:")) \(fault.message) \(style.faint("[\(fault.code.rawValue)]"))")
            if let line = line(of: fault) {
                let number = String(fault.mark.line)
                let margin = "".padded(to: number.count)
                console.say("  \(style.faint("\(number) |")) \(line)")
                console.say("  \(style.faint("\(margin) |")) \("".padded(to: fault.mark.column - 1))\(style.red("^"))")
            }
            console.say("  \(fault.hint)")
        }
        let files = Set(diagnostics.map(\.file)).count
        console.say("")
        console.say(
            "\(diagnostics.count) fault\(diagnostics.count == 1 ? "" : "s") in \(files) file\(files == 1 ? "" : "s")")
    }

    /// The line of the file; nil when it cannot be shown without harm to the terminal.
    private func line(of fault: Diagnostic) -> String? {
        switch fault.code {
        case .fileUnreadable, .fileTooLarge, .notUTF8, .controlCharacter, .hiddenCharacter: return nil
        default: break
        }
        guard let file = try? SourceFile.read(fault.file) else { return nil }
        let lines = String(decoding: file.bytes, as: UTF8.self).split(omittingEmptySubsequences: false) { $0.isNewline }
        guard lines.indices.contains(fault.mark.line - 1), lines[fault.mark.line - 1].count <= 200 else { return nil }
        return String(lines[fault.mark.line - 1])
    }
}

extension Diagnostic {
    /// The fault for programs.
    var value: Value {
        .record([
            "file": .string(file), "line": .integer(Int64(mark.line)), "column": .integer(Int64(mark.column)),
            "code": .string(code.rawValue), "message": .string(message), "hint": .string(hint),
        ])
    }
}
