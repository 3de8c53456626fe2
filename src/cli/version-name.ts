/** As Temporal's UI shows a version of a Worker Deployment. */
export function versionName(version: { readonly deploymentName: string; readonly buildId: string }): string {
  return `${version.deploymentName}:${version.buildId}`;
}
