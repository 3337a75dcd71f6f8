/** A few regions of each provider, enough for the cases: the shape of `geoip/regions.yaml`, without the file. */

import type { CloudRegion, CloudRegions } from '../../../src/model/cloud-region.ts'

const TABLE: Readonly<Record<string, string>> = {
  aws: `af-south-1=ZA ap-east-1=HK ap-northeast-1=JP ap-northeast-2=KR ap-south-1=IN ap-southeast-1=SG ap-southeast-2=AU
    ca-central-1=CA cn-north-1=CN cn-northwest-1=CN eu-central-1=DE eu-central-2=CH eu-north-1=SE eu-south-1=IT
    eu-south-2=ES eu-west-1=IE eu-west-2=GB eu-west-3=FR eusc-de-east-1=DE il-central-1=IL me-central-1=AE sa-east-1=BR
    us-east-1=US us-east-2=US us-gov-east-1=US us-gov-west-1=US us-west-1=US us-west-2=US eu-central-1-ist-1=TR
    us-east-1-bue-1=AR`,
  gcp: `asia-east1=TW asia-east2=HK asia-northeast1=JP europe-central2=PL europe-north1=FI europe-southwest1=ES
    europe-west1=BE europe-west10=DE europe-west12=IT europe-west2=GB europe-west3=DE europe-west4=NL europe-west6=CH
    europe-west9=FR me-central1=QA me-central2=SA me-west1=IL northamerica-northeast1=CA us-central1=US us-east4=US us-west1=US`,
  azure: `eastasia=HK eastus=US eastus2=US francecentral=FR germanywestcentral=DE northeurope=IE norwayeast=NO
    southeastasia=SG swedencentral=SE switzerlandnorth=CH uksouth=GB westeurope=NL westus=US westus2=US centralfrance=FR`,
  oci: 'eu-frankfurt-1=DE eu-jovanovac-1=RS eu-zurich-1=CH uk-london-1=GB us-ashburn-1=US',
  ibm: 'eu-de=DE eu-gb=GB us-south=US jp-tok=JP au-syd=AU ca-tor=CA',
  alibaba: 'cn-hangzhou=CN cn-hongkong=HK eu-central-1=DE us-east-1=US',
  digitalocean: 'ams3=NL fra1=DE nyc3=US sgp1=SG',
  linode: 'eu-central-1=DE us-east-1=US',
  ovh: 'gra=FR de=DE bhs=CA uk=GB',
  scaleway: 'fr-par=FR nl-ams=NL pl-waw=PL',
  hetzner: 'fsn1=DE nbg1=DE hel1=FI',
}

export const CLOUD_REGIONS: CloudRegions = createCloudRegions()

function createCloudRegions(): CloudRegions {
  const all = Object.entries(TABLE).flatMap(([provider, text]) =>
    text.split(/\s+/).map((pair): CloudRegion => {
      const [name = '', country = ''] = pair.split('=')
      return { provider, name, country }
    }),
  )
  const byName = new Map(all.map((region) => [`${region.provider} ${region.name}`, region]))
  return {
    asOf: '2026-11-20',
    find: (provider, name) => byName.get(`${provider} ${name.toLowerCase()}`) ?? null,
    of: (provider) => all.filter((region) => region.provider === provider),
  }
}
