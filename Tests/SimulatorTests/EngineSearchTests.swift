import DRKit
import Simulator
import Testing

struct EngineSearchTests {
  private let site: EngineModel = {
    var site = EngineSite().engine
    let cluster = site.addCluster(name: "second")
    let names = ["alpha", "beta", "Gamma", "delta 4"]
    for (index, name) in names.enumerated() {
      let id: VirtualMachineID = site.freshID()
      site.add(
        EngineMachine(id: id, name: name, status: index == 1 ? .down : .up, cluster: cluster),
        now: EngineSite.start)
    }
    return site
  }()

  private func names(_ text: String, caseSensitive: Bool = true, max: Int? = nil) throws -> [String] {
    try site.searchMachines(EngineSearch(text), caseSensitive: caseSensitive, max: max).map(\.name)
  }

  @Test(arguments: [
    ("", ["web", "alpha", "beta", "Gamma", "delta 4"]),
    ("name=alpha", ["alpha"]),
    ("name=\"delta 4\"", ["delta 4"]),
    ("name = alpha", ["alpha"]),
    ("alpha", ["alpha"]),
    ("status=down", ["beta"]),
    ("status!=up", ["beta"]),
    ("status=up and name=*a", ["alpha", "Gamma"]),
    ("name=alpha or name=beta", ["alpha", "beta"]),
    ("name=alpha or name=b* and status=up", ["alpha"]),
    ("status=up name=alpha", ["alpha"]),
    ("Vms: name=alpha", ["alpha"]),
    ("cluster=second sortby name desc", ["delta 4", "beta", "alpha", "Gamma"]),
    ("Storage.name=data", ["web"]),
    ("status=up and Storage.name=\"other\"", ["web"]),
    ("STORAGE.NAME=nothing", []),
    ("name=*l*a*", ["alpha", "delta 4"]),
  ])
  func `machines are found`(text: String, expected: [String]) throws {
    #expect(try names(text) == expected)
  }

  @Test func `case counts unless the caller says otherwise`() throws {
    #expect(try names("name=gamma") == [])
    #expect(try names("name=gamma", caseSensitive: false) == ["Gamma"])
  }

  @Test func `pages are numbered from one and cut by max`() throws {
    #expect(try names("sortby name asc page 1", max: 2) == ["Gamma", "alpha"])
    #expect(try names("sortby name asc page 2", max: 2) == ["beta", "delta 4"])
    #expect(try names("sortby name asc page 3", max: 2) == ["web"])
    #expect(try names("sortby name asc page 4", max: 2) == [])
    #expect(try names("page 2") == [])
    #expect(try names("page 999999999999", max: 3) == [])
    #expect(try names("", max: 0) == [])
  }

  @Test(arguments: [
    "name=", "=up", "name=\"open", "colour=red", "sortby", "sortby colour", "page", "page 0", "page x",
    String(repeating: "name=a or ", count: 1_000),
  ])
  func `what can't be understood is a 400`(text: String) {
    let refused = fault { () throws(EngineFault) in try site.searchMachines(EngineSearch(text)) }
    #expect(refused.status == 400)
  }

  @Test func `a pattern of many stars does not take for ever`() throws {
    var engine = site
    let id: VirtualMachineID = engine.freshID()
    engine.add(
      EngineMachine(id: id, name: String(repeating: "a", count: 200) + "b"), now: EngineSite.start)
    let stars = String(repeating: "*a", count: 100) + "*c"
    #expect(try engine.searchMachines(EngineSearch("name=\(stars)")).isEmpty)
  }

  @Test func `domains, disks, events and jobs are searched as well`() throws {
    var site = EngineSite()
    try site.created([site.raw])
    let engine = site.engine
    #expect(try engine.searchDomains(EngineSearch("name=data")).map(\.id) == [site.domain])
    #expect(try engine.searchDomains(EngineSearch("type=nfs")).map(\.id) == [site.other])
    #expect(try engine.searchDisks(EngineSearch("alias=cow")).map(\.id) == [site.cow])
    #expect(try engine.searchEvents(EngineSearch("")).map(\.code) == [68, 45])
    #expect(try engine.searchEvents(EngineSearch("severity=normal"), from: 1).map(\.code) == [68])
    #expect(try engine.searchJobs(EngineSearch("status=finished")).count == 1)
  }
}
