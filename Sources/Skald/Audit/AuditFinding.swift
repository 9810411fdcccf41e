import SagaModel

/// One invariant of the whole system, and what breaks it.
struct AuditFinding: Sendable {
    /// As the list of invariants names it, such as `I4`.
    let id: String
    /// What holds, in words.
    let claim: String
    /// How many things were looked at.
    let checkedCount: Int
    /// How many break it.
    let offenderCount: Int
    /// Some of those that do: ids of orders, sagas or messages, with what is wrong.
    let offenders: [String]
    /// Why nothing was looked at; nil if something was.
    let skipped: String?

    /// More are counted and not listed.
    static let offenderListedMax = 20

    init(_ id: String, _ claim: String, checked: Int, offenders: [String]) {
        self.id = id
        self.claim = claim
        checkedCount = checked
        offenderCount = offenders.count
        self.offenders = Array(offenders.sorted().prefix(Self.offenderListedMax))
        skipped = nil
    }

    init(_ id: String, _ claim: String, skipped: String) {
        self.id = id
        self.claim = claim
        checkedCount = 0
        offenderCount = 0
        offenders = []
        self.skipped = skipped
    }

    var value: Value {
        .record([
            "invariant": .string(id), "claim": .string(claim), "checked": .integer(Int64(checkedCount)),
            "violations": .integer(Int64(offenderCount)), "offenders": .list(offenders.map { .string($0) }),
            "skipped": skipped.map { .string($0) } ?? .null,
        ])
    }

    func words(_ style: Style) -> String {
        if let skipped { return "\(style.yellow("--  ")) \(id.padded(to: 4)) \(claim) (not looked at: \(skipped))" }
        let mark = offenderCount == 0 ? style.green("ok  ") : style.red("FAIL")
        let counts =
            offenderCount == 0 ? "\(checkedCount.grouped)" : "\(offenderCount.grouped) of \(checkedCount.grouped)"
        let list = offenders.map { "\n            \($0)" }.joined()
        return "\(mark) \(id.padded(to: 4)) \(claim): \(counts)\(list)"
    }
}
