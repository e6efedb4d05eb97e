import Testing

/// A rule over one file's text.
struct ShapeRule: Sendable {
  var name: String
  var check: @Sendable (SourceFile) -> [Violation]
}

private let longestLine = 110
/// swift format leaves comments alone; so they are held to what they are now. Lower it when they have been wrapped.
private let longestComment = 135
private let longestFile = 399
/// Machine paths, spelled so that this file does not hold them.
private let machinePaths = ["/wo" + "rk/", "/ro" + "ot/", "/tmp/" + "drkit"]
/// The lab's nodes have name spaces with a root user's home of their own.
private let nodes = ["Tests/Lab"]

/// As swift format sees it: what is too long because of a string literal can't be helped.
private func isTooLong(_ line: Substring, number: Int, in file: SourceFile) -> Bool {
  guard line.count > longestLine else { return false }
  if line.drop(while: { $0 == " " }).hasPrefix("//") { return line.count > longestComment }
  var literals = 0
  for token in file.tokens where token.kind == .literal && token.line <= number {
    let rows = token.text.split(separator: "\n", omittingEmptySubsequences: false).count
    if rows > 1, number < token.line + rows { return false }
    if token.line == number { literals += token.width }
  }
  // A closing comma may hang over.
  return line.count - literals > longestLine + (line.hasSuffix(",") ? 1 : 0)
}

let shapeRules: [ShapeRule] = [
  ShapeRule(name: "a Swift line has at most 110 columns") { file in
    guard file.isSwift else { return [] }
    return file.lines.enumerated().filter { isTooLong($0.element, number: $0.offset + 1, in: file) }.map {
      Violation(path: file.path, line: $0.offset + 1, text: "\($0.element.count) columns")
    }
  },
  ShapeRule(name: "a Swift file has less than 400 lines") { file in
    guard file.isSwift, file.lines.count > longestFile else { return [] }
    return [Violation(path: file.path, line: file.lines.count, text: "\(file.lines.count) lines")]
  },
  ShapeRule(name: "no file names a path of the machine it was written on") { file in
    file.lines.enumerated().flatMap { (index, line) in
      machinePaths.filter { path in
        let isNode = path == machinePaths[1] && nodes.contains(where: file.isUnder)
        // A template of `mkdtemp` is a name that no machine has.
        let text = line.replacing("\(machinePaths[2])-XXXXXX", with: "")
        return !isNode && text.contains(path)
      }.map { Violation(path: file.path, line: index + 1, text: "names \($0)") }
    }
  },
  ShapeRule(name: "a scenario's file is named after it") { file in
    guard file.isUnder("scenarios"), file.name.hasSuffix(".yaml") || file.name.hasSuffix(".yml") else {
      return []
    }
    let key = "scenario:"
    let named = file.lines.first { $0.hasPrefix(key) }?.dropFirst(key.count)
    let name = named.map { $0.prefix { $0 != "#" }.trimmingPrefix { $0 == " " } } ?? ""
    let wanted = "scenarios/\(String(name).split(separator: " ").first ?? "").yaml"
    return file.path == wanted ? [] : [Violation(path: file.path, line: 1, text: "should be \(wanted)")]
  },
  ShapeRule(name: "no file holds a place for something else") { file in
    if ["Placeholder.swift", "Empty.swift"].contains(file.name) {
      return [Violation(path: file.path, line: 1, text: "a placeholder")]
    }
    guard file.isSwift, file.tokens.isEmpty else { return [] }
    return [Violation(path: file.path, line: 1, text: "holds no code")]
  },
  ShapeRule(name: "a text file ends with one newline, has no tab in Swift and no space at a line's end") {
    file in
    guard file.isSwift || file.name.hasSuffix(".md") || file.name.hasSuffix(".yaml") else { return [] }
    var found: [Violation] = []
    if !file.text.isEmpty, !file.text.hasSuffix("\n") || file.text.hasSuffix("\n\n") {
      found.append(Violation(path: file.path, line: file.lines.count, text: "does not end with one newline"))
    }
    for (index, line) in file.lines.enumerated() {
      if line.hasSuffix(" ") {
        found.append(Violation(path: file.path, line: index + 1, text: "space at end"))
      }
      if file.isSwift, line.contains("\t") {
        found.append(Violation(path: file.path, line: index + 1, text: "tab"))
      }
    }
    return found
  },
]

@Suite("The shape of files")
struct ShapeTests {
  @Test("is kept", arguments: shapeRules.map(\.name))
  func tree(_ name: String) throws {
    let rule = try #require(shapeRules.first { $0.name == name })
    #expect(SourceTree.files.flatMap(rule.check) == [])
  }

  private func found(_ path: String, _ text: String) -> [String] {
    let file = SourceFile(path: path, text: text)
    return shapeRules.flatMap { $0.check(file) }.map(\.text)
  }

  private let code = "let a = 1\n"

  @Test("is seen broken by a long line, and not by one of 110")
  func longLine() {
    let line = "let \(String(repeating: "ü", count: 102)) = 1\n"
    #expect(found("Sources/X.swift", line) == [])
    #expect(found("Sources/X.swift", " " + line) == ["111 columns"])
    #expect(found("docs/x.md", " " + line) == [])
    let comment = "// \(String(repeating: "x", count: 132))\n"
    #expect(found("Sources/X.swift", code + comment) == [])
    #expect(found("Sources/X.swift", code + " " + comment) == ["136 columns"])
    let word = String(repeating: "y", count: 120)
    #expect(found("Sources/X.swift", "let a = \"\(word)\"\n") == [])
    #expect(found("Sources/X.swift", "let \(word) = \"a\"\n") == ["130 columns"])
    #expect(found("Sources/X.swift", "let a = \"\"\"\n  b\n  \(word)\n  \"\"\"\n") == [])
    #expect(found("Sources/X.swift", "let a = \"\"\"\n  b\n  \"\"\"\nlet \(word) = 1\n") == ["128 columns"])
  }

  @Test("is seen broken by a long file, and not by one of 399 lines")
  func longFile() {
    #expect(found("Sources/X.swift", String(repeating: code, count: 399)) == [])
    #expect(found("Sources/X.swift", String(repeating: code, count: 400)) == ["400 lines"])
  }

  @Test("is seen broken by a machine's path, in whatever kind of file")
  func machinePath() {
    for path in machinePaths {
      #expect(found("docs/x.md", "see \(path)x\n") == ["names \(path)"])
      #expect(found("Sources/X.swift", "let a = \"\(path)x\"\n") == ["names \(path)"])
    }
    #expect(found("Tests/Lab/up.sh", "\(machinePaths[1]).ssh\n") == [])
    #expect(found("Tests/Lab/up.sh", "\(machinePaths[0])x\n").count == 1)
    #expect(found("Tests/X.swift", "let t = \"\(machinePaths[2])-XXXXXX\"\n") == [])
    #expect(found("docs/x.md", "network/x and mnt/groot/y\n") == [])
  }

  @Test("is seen broken by a scenario that is called something else, or nothing")
  func scenario() {
    #expect(found("scenarios/a-b.yaml", "scenario: a-b\nx: 1\n") == [])
    #expect(found("scenarios/a-b.yaml", "about: x\nscenario: a-b  # why\n") == [])
    #expect(found("scenarios/a-b.yaml", "scenario: a-c\n") == ["should be scenarios/a-c.yaml"])
    #expect(found("scenarios/a-b.yaml", "about: x\n") == ["should be scenarios/.yaml"])
    #expect(found("scenarios/a-b.yml", "scenario: a-b\n") == ["should be scenarios/a-b.yaml"])
    #expect(found("scenarios/more/a-b.yaml", "scenario: a-b\n") == ["should be scenarios/a-b.yaml"])
  }

  @Test("is seen broken by a placeholder, or a file without code")
  func placeholder() {
    #expect(found("Sources/A/Placeholder.swift", "\n").contains("a placeholder"))
    #expect(found("Tests/A/Empty.swift", code) == ["a placeholder"])
    #expect(found("Sources/A/B.swift", "// later\n") == ["holds no code"])
  }

  @Test("is seen broken by loose ends")
  func ends() {
    #expect(found("Sources/X.swift", "let a = 1") == ["does not end with one newline"])
    #expect(found("docs/x.md", "a\n\n") == ["does not end with one newline"])
    #expect(found("docs/x.md", "a \nb\n") == ["space at end"])
    #expect(found("Sources/X.swift", "\tlet a = 1\n") == ["tab"])
  }

  @Test("is looked at in a tree that was really read")
  func treeIsThere() {
    #expect(SourceTree.swift.count > 50)
    #expect(SourceTree.file("Package.swift") != nil)
    #expect(SourceTree.file("CONTRIBUTING.md") != nil)
    #expect(SourceTree.swift.allSatisfy { !$0.path.contains(".build") })
    #expect(SourceTree.file("Sources/DRKit/Pipeline/SyncRun.swift")?.tokens.isEmpty == false)
  }
}
