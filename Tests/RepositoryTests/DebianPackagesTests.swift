import Testing

@Suite struct DebianPackagesTests {
    @Test func whatTheREADMENamesIsWhatMakeInstalls() {
        let made = DebianPackages.inMakefile(Repository.file("Makefile")?.text ?? "")
        let told = DebianPackages.inREADME(Repository.file("README.md")?.text ?? "")
        #expect(made.contains("librabbitmq-dev"))
        #expect(
            made == told, "only in make deps: \(made.subtracting(told)); only in the README: \(told.subtracting(made))")
    }

    @Test func whatTheDoorsNeedIsInstalled() {
        let made = DebianPackages.inMakefile(Repository.file("Makefile")?.text ?? "")
        let needed = DebianPackages.inManifest(Repository.file("Package.swift")?.text ?? "")
        #expect(needed.contains("libpq-dev"))
        #expect(needed.isSubset(of: made), "missing in make deps: \(needed.subtracting(made))")
    }

    @Test func readsAllThreePlaces() {
        #expect(DebianPackages.inMakefile("DEBIAN_PACKAGES := \\\n\ta b \\\n\tc\nother: d\n") == ["a", "b", "c"])
        #expect(
            DebianPackages.inREADME("| Debian package | for |\n|---|---|\n| `a`, `b` | `x` |\n\n| `c` |") == ["a", "b"])
        #expect(DebianPackages.inManifest(#"providers: [.apt(["a", "b-dev"])]"#) == ["a", "b-dev"])
    }
}
