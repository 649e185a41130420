/**
 * The traces of RDS and GaussDB that change what DDM must know about a data node, and why. Not among them:
 * passwords, parameters, backups, tags and fail-over settings, which DDM does not see; the public IP, as
 * DDM uses the private one; freezing, which is either undone or followed by a deletion. A change of the
 * private IP has no name in the documentation.
 */
export const traceNames: Readonly<Record<string, string>> = {
  createInstance: 'a read replica is new; a new instance belongs to no DDM instance and is ignored',
  deleteInstance: 'a data node or a read replica is gone',
  rdsUnsubscribeInstance: 'a data node on a monthly subscription is gone',
  addNodes: 'a read replica is new (GaussDB)',
  deleteNode: 'a read replica is gone (GaussDB)',
  instanceAction: 'class or storage changed',
  resizeFlavorOrVolume: 'class or storage changed (TaurusDB)',
  createDnsName: 'the node has a new address (TaurusDB)',
  modifyDnsName: 'the address changed (TaurusDB)',
  changeInstancePort: 'the port changed',
  modifySecurityGroup:
    'the security group changed: other rules decide whether DDM reaches the node',
  modifySingleToHaInstance: 'a standby was added: the address may have changed',
  instanceFailOver: 'primary and standby have changed places',
  instanceSwitchOver: 'primary and read replica have changed places (GaussDB)',
  instanceRestart: 'class and port take effect, and the state changed',
  restartInstance: 'class and port take effect, and the state changed (GaussDB)',
  instanceRestore: 'the node was rebuilt from a backup',
  StartupInstance: 'a stopped node can be used again',
  StopInstance: 'the node cannot be used',
  instanceRename: 'DDM lists data nodes with their names',
  renameInstance: 'DDM lists data nodes with their names (GaussDB)',
};

/** The same for Cloud Eye's events, most of which are faults that change no data node. */
export const eventNames: Readonly<Record<string, string>> = {
  PrimaryStandbySwitched: 'primary and standby have changed places',
  DBInstanceRecovered: 'a faulty node can be used again, perhaps rebuilt',
};

export const ownTrace = 'synRdsinfo'; // what a sync itself leaves behind: following it would never end
export const dataNodeServices = /^(rds|gaussdb.*|taurusdb)$/i; // GaussDB(for MySQL), GAUSSDBforMySQL
