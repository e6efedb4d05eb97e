import Testing

/// What the documents promise is there. A document that does not exist (yet) promises nothing.
@Suite("The documents and the Makefile")
struct DocumentTests {
  private static let documents = SourceTree.files.filter { file in
    file.name.hasSuffix(".md") && !file.isUnder("Tests/GlusterCLITests/Captures")
  }
  private static let makefile = SourceTree.file("Makefile")

  /// The names before a colon at a line's start.
  private static func targets(_ makefile: SourceFile) -> Set<String> {
    Set(
      makefile.lines.compactMap { line in
        guard let colon = line.firstIndex(of: ":"), !line.hasPrefix("\t"), !line.hasPrefix("."),
          line.index(after: colon) == line.endIndex || line[line.index(after: colon)] != "="
        else { return nil }
        return String(line[..<colon])
      })
  }

  /// The words after `make` that stand in code, and the paths of ours that do.
  private static func mentions(_ document: SourceFile) -> (targets: Set<String>, paths: Set<String>) {
    var targets: Set<String> = []
    var paths: Set<String> = []
    for code in code(document) {
      let words = code.split { " \t()'\",;".contains($0) }.map(String.init)
      for (word, next) in zip(words, words.dropFirst()) where word == "make" && !next.hasPrefix("-") {
        targets.insert(next)
      }
      for word in words
      where folders.contains(where: word.hasPrefix) && !word.contains(where: "<>*…{}$".contains) {
        paths.insert(word.last.map { ".:/".contains($0) } == true ? String(word.dropLast()) : word)
      }
    }
    return (targets, paths)
  }

  private static let folders = ["Sources/", "Tests/", "docs/", "scenarios/", ".ci/"]

  /// What stands between backquotes, and the lines of fenced blocks.
  private static func code(_ document: SourceFile) -> [Substring] {
    var found: [Substring] = []
    var isFenced = false
    for line in document.lines {
      if line.drop(while: { $0 == " " }).hasPrefix("```") {
        isFenced.toggle()
      } else if isFenced {
        found.append(line)
      } else {
        let parts = line.split(separator: "`", omittingEmptySubsequences: false)
        found += parts.enumerated().filter { !$0.offset.isMultiple(of: 2) }.map(\.element)
      }
    }
    return found
  }

  @Test("name no target that the Makefile does not have")
  func targetsExist() {
    guard let makefile = Self.makefile else { return }
    let targets = Self.targets(makefile)
    for document in Self.documents {
      #expect(Self.mentions(document).targets.subtracting(targets) == [], "\(document.path)")
    }
  }

  @Test("name no file of ours that does not exist")
  func pathsExist() {
    for document in Self.documents + [Self.makefile].compactMap({ $0 }) {
      let missing = Self.mentions(document).paths.filter { !SourceTree.exists($0) }
      #expect(missing.sorted() == [], "\(document.path)")
    }
  }

  @Test("of which the Makefile runs only scripts that are there, and declares every target phony")
  func makefileIsWhole() {
    guard let makefile = Self.makefile else { return }
    let scripts = makefile.lines.flatMap { $0.split { " ;\t".contains($0) } }
      .filter { word in Self.folders.contains { word.hasPrefix($0) } }
    for script in scripts { #expect(SourceTree.exists(String(script)), "\(script)") }
    let phony = makefile.lines.first { $0.hasPrefix(".PHONY:") }?.dropFirst(7).split(separator: " ").map(
      String.init)
    #expect(Set(phony ?? []) == Self.targets(makefile))
  }

  @Test("are read as they are written: the rules fire")
  func planted() {
    let document = SourceFile(
      path: "README.md",
      text: """
        Say `make demo`, or make nothing. `bash .ci/run` and `Sources/DRKit/Nowhere.swift`, `docs/<name>.md`.
        ```
        make lab   # and docs/plan.md
        ```
        `a` make prose `b`
        """)
    let found = Self.mentions(document)
    #expect(found.targets == ["demo", "lab"])
    #expect(found.paths == [".ci/run", "Sources/DRKit/Nowhere.swift", "docs/plan.md"])
    #expect(!SourceTree.exists("Sources/DRKit/Nowhere.swift"))
    let makefile = SourceFile(path: "Makefile", text: ".PHONY: a b\na: ; x\nb: a\n\tdo: it\nC := d\n")
    #expect(Self.targets(makefile) == ["a", "b"])
  }
}
