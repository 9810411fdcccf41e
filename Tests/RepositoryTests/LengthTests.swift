import Testing

@Suite struct LengthTests {
    @Test func nothingIsFarTooLong() {
        let sources = Lengths(Repository.swiftFiles.filter { $0.isIn("Sources/") })
        print("Sources: \(sources.report)")
        let tests = Lengths(Repository.swiftFiles.filter { $0.isIn("Tests/") })
        print("Tests: \(tests.report)")
        let violations = sources.violations + tests.violations
        #expect(violations.isEmpty, "\(list(violations))")
    }

    @Test func findsAPlantedFileAndFunction() {
        let body = String(repeating: "    a()\n", count: 800)
        let file = TextFile(path: "Sources/A.swift", text: "func f(\n    a: Int = { 1 }()\n) -> Int {\n\(body)}\n")
        let violations = Lengths([file]).violations
        #expect(violations.map(\.line) == [0, 1])
    }

    @Test func measuresBodiesOnly() {
        let text = """
            protocol P {
                func required(a: Int) -> Int
                init(a: Int)
            }
            struct S {
                init() { a = 1 }
                func f()
                    async throws
                {
                    if a { b() }
                    let functional = 1
                }
                func g<T>(_ t: T) where T: P {}
            }
            """
        let found = Lengths.functions(in: TextFile(path: "A.swift", text: text))
        #expect(found.map(\.line) == [6, 7, 13])
        #expect(found.map(\.lineCount) == [1, 4, 1])
    }
}
