import Testing

@Suite struct SwiftTextTests {
    private func code(_ text: String) -> String { SwiftText(text).code.joined(separator: "\n") }

    /// Shows blanks as dots, so that they can be counted.
    private func dotted(_ text: String) -> String { code(text).replacing(" ", with: ".") }

    @Test func commentsAreNotCode() {
        #expect(dotted("a // b\nc/* d /* e */ f */g") == "a.....\nc.................g")
    }

    @Test func literalsAreNotCodeButTheirInterpolationsAre() {
        #expect(dotted(#"a("b \(c) \" d")+e"#) == "a(.....c.......)+e")
        #expect(dotted(##"a(#"b \(c) \#(d) " "#)e"##) == "a(............d......)e")
        #expect(dotted("a(\"\"\"\n b \" c\n \"\"\")d") == "a(...\n......\n....)d")
    }

    @Test func aLiteralInsideAnInterpolationIsFound() {
        let text = SwiftText(#"a("b \(c("d")) e")"#)
        #expect(text.literals.map(\.text) == [#""d""#, #""b \(c("d")) e""#])
    }

    @Test func commentsCanBeReadAlone() {
        #expect(SwiftText("a // b").lines(of: .comment) == ["  // b"])
    }
}
