/// One fault of a file: where, which, and what to do about it.
package struct Diagnostic: Hashable, Sendable {
    /// The path as it was given to the loader.
    package let file: String
    package internal(set) var mark: Mark
    package let code: DiagnosticCode
    /// What is wrong, with the names of this file.
    package let message: String
    /// What to do about it; the code's own remedy unless the place knows a better one.
    package let hint: String

    package init(file: String, mark: Mark, code: DiagnosticCode, message: String, hint: String? = nil) {
        self.file = file
        self.mark = mark
        self.code = code
        self.message = message
        self.hint = hint ?? code.remedy
    }
}

extension Diagnostic: Comparable {
    /// By file, then by place, so that a report reads from top to bottom.
    package static func < (left: Diagnostic, right: Diagnostic) -> Bool {
        (left.file, left.mark, left.code.rawValue) < (right.file, right.mark, right.code.rawValue)
    }
}

extension Diagnostic: CustomStringConvertible {
    /// The one-line form that editors and terminals turn into a link.
    package var description: String {
        "\(file):\(mark.line):\(mark.column): error: \(message) [\(code.rawValue)]"
    }
}

/// The faults of one or more files, thrown by the loaders when there is at least one.
package struct DefinitionError: Error, CustomStringConvertible {
    package let diagnostics: [Diagnostic]

    package init(_ diagnostics: [Diagnostic]) {
        self.diagnostics = diagnostics.sorted()
    }

    package var description: String {
        diagnostics.map { "\($0.description)\n  \($0.hint)" }.joined(separator: "\n")
    }
}
