/**
 * Smaller clouds, object stores and delivery networks. Each has its own names: `eu-central-1` is Frankfurt at one and
 * Amsterdam at another, so a name is only ever looked up with the provider whose suffix it stands under.
 */

import type { HostFamily } from './family.ts'

export const CLOUDS: readonly HostFamily[] = [
  {
    provider: 'oci',
    region: ['*.{region}.oci.oraclecloud.com', '*.{region}.oraclecloud.com'],
  },
  { provider: 'ibm', region: ['{region}.ml.cloud.ibm.com'] },
  {
    provider: 'alibaba',
    region: ['oss-{region}.aliyuncs.com', '*.oss-{region}.aliyuncs.com'],
    anywhere: ['oss-accelerate.aliyuncs.com', '*.oss-accelerate.aliyuncs.com'],
  },
  {
    provider: 'digitalocean',
    region: ['{region}.digitaloceanspaces.com', '*.{region}.digitaloceanspaces.com'],
    edge: ['*.cdn.digitaloceanspaces.com'],
  },
  {
    provider: 'linode',
    region: ['{region}.linodeobjects.com', '*.{region}.linodeobjects.com'],
  },
  {
    provider: 'ovh',
    region: ['s3.{region}.io.cloud.ovh.net', '*.s3.{region}.io.cloud.ovh.net'],
  },
  { provider: 'scaleway', region: ['s3.{region}.scw.cloud', '*.s3.{region}.scw.cloud'] },
  {
    provider: 'hetzner',
    region: ['{region}.your-objectstorage.com', '*.{region}.your-objectstorage.com'],
  },
  {
    provider: 'wasabi',
    region: ['s3.{region}.wasabisys.com', '*.s3.{region}.wasabisys.com'],
    anywhere: ['s3.wasabisys.com', '*.s3.wasabisys.com'],
  },
  {
    provider: 'backblaze',
    region: ['s3.{region}.backblazeb2.com', '*.s3.{region}.backblazeb2.com'],
    anywhere: ['*.backblazeb2.com'],
  },
  {
    // A bucket may be bound to a jurisdiction (`eu`, `fedramp`): the catalogue says what that is.
    provider: 'cloudflare',
    region: ['*.{region}.r2.cloudflarestorage.com'],
    anywhere: ['*.r2.cloudflarestorage.com'],
    edge: ['*.cdn.cloudflare.net', '*.workers.dev', '*.pages.dev'],
  },
  {
    provider: 'fastly',
    edge: ['*.fastly.net', '*.fastlylb.net', '*.edgecompute.app'],
  },
  {
    provider: 'akamai',
    edge: [
      '*.akamai.net',
      '*.akamaiedge.net',
      '*.akamaihd.net',
      '*.akamaized.net',
      '*.edgekey.net',
      '*.edgesuite.net',
    ],
  },
]
