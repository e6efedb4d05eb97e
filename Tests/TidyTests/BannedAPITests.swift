import Testing

/// The folders that have no clock and no chance of their own.
private let timeless = ["Sources/DRKit", "Sources/Simulator", "Sources/Simulator/Wire"]
/// The test bed serves real protocols in real time.
private let bed = ["Sources/Simulator/TestBed"]
private let everywhere = ["Sources"]

/// What CONTRIBUTING.md bans, rule by rule.
let bannedAPIs: [BannedAPI] = [
  BannedAPI("Date()", in: timeless, except: bed, "Date", "(", ")"),
  BannedAPI("Task.sleep", in: timeless, except: bed, "Task", ".", "sleep"),
  BannedAPI("Task.detached", in: timeless, except: bed, "Task", ".", "detached"),
  BannedAPI("Task {", in: timeless, except: bed) { place in
    guard place.text(0) == "Task", place.before?.text != "." else { return false }
    if place.text(1) == "{" { return true }
    // With a name or a priority it is the same; an initializer of our own has other labels.
    return place.text(1) == "(" && ["priority", "name", "executorPreference"].contains(place.text(2))
  },
  BannedAPI("@MainActor", in: timeless, except: bed, "@", "MainActor"),
  BannedAPI("DispatchQueue", in: timeless, except: bed, "DispatchQueue"),
  BannedAPI("UUID()", in: timeless, except: bed, "UUID", "(", ")"),
  BannedAPI(".random( without using:", in: timeless, except: bed) { place in
    guard place.begins(with: [".", "random", "("]) else { return false }
    let inside = place.parentheses(at: 2)
    // `.random(in:)` and `.random()`; a case or a method of that name has other arguments.
    return (inside.isEmpty || inside.first?.text == "in") && !inside.contains { $0.text == "using" }
  },
  BannedAPI(".shuffled()", in: timeless, except: bed, ".", "shuffled", "(", ")"),
  BannedAPI(".shuffle()", in: timeless, except: bed, ".", "shuffle", "(", ")"),
  BannedAPI(".randomElement()", in: timeless, except: bed, ".", "randomElement", "(", ")"),
  BannedAPI("SystemRandomNumberGenerator", in: timeless, except: bed, "SystemRandomNumberGenerator"),
  BannedAPI("hashValue", in: timeless, except: bed, "hashValue"),
  BannedAPI("Hasher", in: timeless, except: bed, "Hasher"),
  BannedAPI("ContinuousClock", in: timeless, except: bed, "ContinuousClock"),
  BannedAPI("SuspendingClock", in: timeless, except: bed, "SuspendingClock"),
  BannedAPI("import Foundation", in: timeless, except: bed, "import", "Foundation"),
  BannedAPI("iteration over a Dictionary or Set", in: timeless, except: bed) { UnorderedLoop.isAt($0) },

  BannedAPI("XMLDocument", in: everywhere, "XMLDocument"),
  BannedAPI("try!", in: everywhere) { place in
    place.begins(with: ["try", "!"]) && place.tokens[place.index + 1].isGlued
  },
  BannedAPI("FileHandle.write(", in: everywhere) { place in
    // The one that traps where the other end is gone; `write(contentsOf:)` throws.
    let streams = ["standardOutput", "standardError"]
    let isStream = streams.contains(place.text(0)) && place.text(1) == "." && place.text(2) == "write"
    return isStream && place.text(3) == "(" && place.text(4) != "contentsOf"
  },
  BannedAPI("fatalError", in: everywhere, "fatalError"),
  BannedAPI("precondition", in: everywhere) { place in
    ["precondition", "preconditionFailure", "assertionFailure"].contains(place.text(0))
      && place.text(1) == "("
  },
  BannedAPI("catch {}", in: everywhere, "catch", "{", "}"),
  BannedAPI("print( outside drctl", in: everywhere, except: ["Sources/drctl"]) { place in
    place.begins(with: ["print", "("]) && place.before?.text != "." && place.before?.text != "func"
  },
  BannedAPI("a shell", in: everywhere) { place in
    if place.token.kind == .literal {
      let program = place.token.text.split(separator: "/").last.map(String.init) ?? ""
      return ["sh", "bash", "dash", "zsh"].contains(program)
    }
    return ["system", "popen"].contains(place.text(0)) && place.text(1) == "(" && place.before?.text != "."
      && place.before?.text != "func"
  },
]

/// `for … in name {` where the same file declares `name` a dictionary or a set. Types that come from elsewhere are for
/// reviewers: this sees what can be seen without a compiler.
private enum UnorderedLoop {
  static func isAt(_ place: Place) -> Bool {
    guard place.token.kind == .word, place.text(0) == "in" else { return false }
    var at = 1
    if place.text(1) == "self", place.text(2) == "." { at = 3 }
    let name = place.text(at)
    var next = at + 1
    if place.text(next) == ".", ["keys", "values"].contains(place.text(next + 1)) { next += 2 }
    guard ["{", "where"].contains(place.text(next)), isLoop(place) else { return false }
    return declarations(place.tokens).contains(name)
  }

  /// Whether this `in` is a loop's: a `for` stands before it on the way back, and no brace between.
  private static func isLoop(_ place: Place) -> Bool {
    for token in place.tokens[..<place.index].reversed() {
      if token.kind == .word, token.text == "for" { return true }
      if token.text == "{" || token.text == "}" { return false }
    }
    return false
  }

  /// Names declared as `name: [K: V]`, `name: Set<…>`, `name = Set(…)`, `name = [:]`.
  private static func declarations(_ tokens: [Token]) -> Set<String> {
    var names: Set<String> = []
    for index in tokens.indices where tokens[index].kind == .word {
      let place = Place(tokens: tokens, index: index)
      if place.text(1) == ":", place.text(2) == "Set", place.text(3) == "<" { names.insert(place.text(0)) }
      if place.text(1) == "=", place.text(2) == "Set" { names.insert(place.text(0)) }
      if place.text(1) == "=", place.text(2) == "[", place.text(3) == ":" { names.insert(place.text(0)) }
      if place.text(1) == ":", place.text(2) == "[", isDictionary(place, from: 3) {
        names.insert(place.text(0))
      }
    }
    return names
  }

  /// Whether a colon stands in the brackets that opened before `offset`.
  private static func isDictionary(_ place: Place, from offset: Int) -> Bool {
    var depth = 0
    for at in offset..<(offset + 40) {
      switch place.text(at) {
      case "[", "(", "<": depth += 1
      case ")", ">": depth -= 1
      case "]":
        if depth == 0 { return false }
        depth -= 1
      case ":" where depth == 0: return true
      case "": return false
      default: break
      }
    }
    return false
  }
}

@Suite("What must not be written")
struct BannedAPITests {
  @Test("is not written", arguments: bannedAPIs.map(\.name))
  func tree(_ name: String) throws {
    let rule = try #require(bannedAPIs.first { $0.name == name })
    #expect(SourceTree.swift.flatMap(rule.violations) == [])
  }

  private func found(_ source: String, in path: String = "Sources/DRKit/Model/X.swift") -> [String] {
    let file = SourceFile(path: path, text: source)
    return bannedAPIs.flatMap { $0.violations(in: file) }.map(\.text)
  }

  @Test(
    "is found where it is planted",
    arguments: [
      ("let d = Date()", "Date()"), ("try await Task.sleep(for: s)", "Task.sleep"),
      ("Task . detached { }", "Task.detached"), ("Task { await f() }", "Task {"),
      ("let t = Task(priority: .high) { }", "Task {"), ("@MainActor func f() {}", "@MainActor"),
      ("DispatchQueue.main", "DispatchQueue"), ("let u = UUID()", "UUID()"),
      ("Int.random(in: 0..<3)", ".random( without using:"), ("Bool.random()", ".random( without using:"),
      ("a.shuffled()", ".shuffled()"), ("a.shuffle()", ".shuffle()"),
      ("a.randomElement()", ".randomElement()"),
      ("var g = SystemRandomNumberGenerator()", "SystemRandomNumberGenerator"), ("x.hashValue", "hashValue"),
      ("func hash(into h: inout Hasher) {}", "Hasher"), ("ContinuousClock.now", "ContinuousClock"),
      ("SuspendingClock()", "SuspendingClock"), ("import Foundation\n", "import Foundation"),
      ("var m: [String: Int]\nfor (k, v) in m { f(k) }", "iteration over a Dictionary or Set"),
      ("let s: Set<Int> = []\nfor x in s where x > 1 { f(x) }", "iteration over a Dictionary or Set"),
      ("var m = [:]\nfor k in self.m.keys { f(k) }", "iteration over a Dictionary or Set"),
      ("var m: [A<B>: [C]]\nfor v in m.values { f(v) }", "iteration over a Dictionary or Set"),
      ("let x = XMLDocument(data: d)", "XMLDocument"), ("let y = try! f()", "try!"),
      ("FileHandle.standardError.write(d)", "FileHandle.write("), ("fatalError(\"no\")", "fatalError"),
      ("precondition(a > 0)", "precondition"),
      ("do { try f() } catch { }", "catch {}"), ("print(a)", "print( outside drctl"),
      ("run(\"/bin/sh\")", "a shell"), ("run([\"bash\", c])", "a shell"), ("system(\"ls\")", "a shell"),
      ("log(\"\\(Date())\")", "Date()"),
    ])
  func planted(_ source: String, _ name: String) { #expect(found(source) == [name]) }

  @Test("has a planted example each, so that no rule passes by never firing")
  func everyRuleIsPlanted() {
    // The names that `planted` above expects, by running them all through one file of violations.
    let source = """
      import Foundation
      var m: [String: Int]
      Date(); Task.sleep; Task.detached; Task { }; @MainActor; DispatchQueue; UUID(); a.random(in: b); c.shuffled()
      c.shuffle(); c.randomElement(); SystemRandomNumberGenerator; hashValue; Hasher; ContinuousClock; SuspendingClock
      for x in m { }
      XMLDocument; try! f; FileHandle.standardOutput.write(d); fatalError; precondition(a); catch {}; print(a); "sh"
      """
    #expect(Set(found(source)) == Set(bannedAPIs.map(\.name)))
  }

  @Test(
    "is not found in what only looks like it",
    arguments: [
      "// Date() try! print(", "/* fatalError */", "let s = \"Date() and try! and print(x)\"",
      "func date() -> Date", "Date(timeIntervalSince1970: 0)", "MyTask { }", "group.addTask { }",
      "Task.yield()",
      "Int.random(in: 0..<3, using: &g)", "Int.random(in: f(a, (b)), using: &g)", "a.shuffled(using: &g)",
      "case .random(let seed):", "order: .random(root.child(\"x\"))", "import FoundationEssentials",
      "FindingText.print(x)", "static func print(_ x: Int) {}", "try !flag", "do { } catch { note(error) }",
      "FileHandle.standardOutput.write(contentsOf: d)", "DRError.system(\"open\")",
      "static func system(_ a: String) {}", "let a: [Int]\nfor x in a { f(x) }",
      "var m: [String: Int]\nfor k in m.keys.sorted() { f(k) }", "let bash = 1; \"a/sh/b\"",
      "let m: [String: Int]\nlet y = m.map { (a) in a }", "\"UUID(\\(x))\"", "let a: [[Int]]\nfor x in a { }",
    ])
  func innocent(_ source: String) { #expect(found(source) == []) }

  @Test("is allowed where CONTRIBUTING.md does not ban it")
  func elsewhere() {
    #expect(found("let d = Date(); import Foundation", in: "Sources/Executor/Site/X.swift") == [])
    #expect(found("Task { }; ContinuousClock()", in: "Sources/Simulator/TestBed/X.swift") == [])
    #expect(found("print(1)", in: "Sources/drctl/X.swift") == [])
    #expect(found("try! f()", in: "Tests/DRKitTests/X.swift") == [])
    #expect(found("try! f()", in: "Sources/drctl/X.swift") == ["try!"])
    #expect(found("Date()", in: "Sources/Simulator/World/X.swift") == ["Date()"])
  }
}
