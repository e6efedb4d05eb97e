import Testing

@Suite("Cutting Swift into tokens")
struct SwiftTokensTests {
  private func texts(_ source: String) -> [String] { SwiftTokens.of(source).map(\.text) }

  @Test("keeps words and signs, each with its line")
  func plain() {
    let tokens = SwiftTokens.of("let a1 =\n  .b(2)")
    #expect(tokens.map(\.text) == ["let", "a1", "=", ".", "b", "(", "2", ")"])
    #expect(tokens.map(\.line) == [1, 1, 1, 2, 2, 2, 2, 2])
  }

  @Test("drops comments, nested ones too, and goes on after them")
  func comments() {
    #expect(texts("a // b \"\nc /* d /* e */ \" f */ g /// h") == ["a", "c", "g"])
    #expect(SwiftTokens.of("/*\n\n*/ x").map(\.line) == [3])
  }

  @Test("makes one token of a string, whatever it holds")
  func strings() {
    #expect(texts(#"a "b // c" d"#) == ["a", "b // c", "d"])
    #expect(texts(#"a "b \" c" d"#) == ["a", "b \" c", "d"])
    #expect(texts("a \"\"\"\n b \" c\n \"\"\" d") == ["a", "\n b \" c\n ", "d"])
    #expect(texts(##"a #"b \ " c"# d"##) == ["a", #"b \ " c"#, "d"])
    #expect(texts(#"a "" b"#) == ["a", "", "b"])
    #expect(texts(#"#if os(Linux)"#) == ["#", "if", "os", "(", "Linux", ")"])
  }

  @Test("looks into interpolations, also those that hold strings and parentheses")
  func interpolations() {
    #expect(texts(#"x "a\(f(1) + "q")b" y"#) == ["x", "ab", "f", "(", "1", ")", "+", "q", "y"])
    #expect(texts(##"x #"a\(no)\#(yes)b"# y"##) == ["x", #"a\(no)b"#, "yes", "y"])
  }

  @Test("knows how wide a literal is, and what is glued together")
  func widths() {
    #expect(SwiftTokens.of(#"a "b\(c("d"))" e"#).filter { $0.kind == .literal }.map(\.width) == [12, 3])
    #expect(SwiftTokens.of("try! a !b").map(\.isGlued) == [false, true, false, false, true])
  }

  @Test("ends on a source that is cut off")
  func truncated() {
    for source in ["\"abc", "/* abc", "\"a\\(", "#\"a", "\"\"\"a", "\"a\\"] {
      _ = SwiftTokens.of(source)
    }
    #expect(texts("\"abc\nd") == ["abc", "d"])
  }
}
