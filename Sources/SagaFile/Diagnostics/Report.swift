/// Collects the faults of one file, so that a person sees them all at once.
package struct Report {
    package let file: String
    package private(set) var diagnostics: [Diagnostic] = []
    /// Faults beyond the limit, counted only.
    package private(set) var unsaidCount = 0
    private let countMax: Int

    package init(file: String, countMax: Int = Limits.written.diagnosticCountMax) {
        self.file = file
        self.countMax = countMax
    }

    /// Adds a fault; a second one of the same code at the same place is the same fault.
    package mutating func add(_ code: DiagnosticCode, at mark: Mark, _ message: String, hint: String? = nil) {
        if diagnostics.contains(where: { $0.code == code && $0.mark == mark }) { return }
        guard !isFull else {
            unsaidCount += 1
            return
        }
        diagnostics.append(Diagnostic(file: file, mark: mark, code: code, message: message, hint: hint))
    }

    /// Adds the fault of a name that is not known, with the nearest one that is.
    package mutating func addUnknown(
        _ code: DiagnosticCode, _ name: Located<String>, what: String, known: some Collection<String>
    ) {
        if isFull { return add(code, at: name.mark, "") }
        let hint =
            if let nearest = Spelling.nearest(to: name.value, among: known) {
                "Did you mean `\(nearest)`?"
            } else if known.isEmpty || known.count > 200 {
                code.remedy
            } else {
                "Known here: \(known.sorted().prefix(12).map { "`\($0)`" }.joined(separator: ", "))."
            }
        add(code, at: name.mark, "`\(name.value)` is no \(what)", hint: hint)
    }

    /// Adds the fault of a list whose entries are more than can be numbered.
    package mutating func addTooMany(_ what: String, of owner: Located<String>, at mark: Mark, countMax: Int) {
        add(.outOfRange, at: mark, "`\(owner.value)` has too many \(what)", hint: "At most \(countMax).")
    }

    private var isFull: Bool { diagnostics.count >= countMax }

    package var hasFaults: Bool { !diagnostics.isEmpty }
}
