/// Everything that a run may touch.
public struct SyncPorts: Sendable {
  public var clock: any DRClock
  public var journal: any Journal
  public var catalogue: any Catalogue
  public var engine: any VirtualizationManager
  public var georep: any GeoReplication
  public var primary: any PrimaryVolume
  public var secondary: any SecondaryVolume
  public var cluster: any SecondaryCluster
  public var observer: any RunObserver

  public init(
    clock: any DRClock, journal: any Journal, catalogue: any Catalogue, engine: any VirtualizationManager,
    georep: any GeoReplication, primary: any PrimaryVolume, secondary: any SecondaryVolume,
    cluster: any SecondaryCluster, observer: any RunObserver = SilentObserver()
  ) {
    self.clock = clock
    self.journal = journal
    self.catalogue = catalogue
    self.engine = engine
    self.georep = georep
    self.primary = primary
    self.secondary = secondary
    self.cluster = cluster
    self.observer = observer
  }
}

/// What is to be protected, and where to.
public struct SyncTarget: Hashable, Sendable, Codable {
  public var key: DestinationKey
  /// The storage domain's name or id at the engine.
  public var domain: String

  public init(key: DestinationKey, domain: String) {
    self.key = key
    self.domain = domain
  }
}
