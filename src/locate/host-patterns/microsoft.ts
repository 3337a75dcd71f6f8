/**
 * Microsoft Azure. Most names are the customer's account next to the service, and say nothing; a region inside an account name
 * (`shop-westeurope.documents.azure.com`) is a choice of words. Model endpoints are not silent but anywhere: what a deployment
 * is set to decides, and global ones are served from every region.
 */

import type { HostFamily } from './family.ts'

export const MICROSOFT: readonly HostFamily[] = [
  {
    provider: 'azure',
    region: [
      '*.{region}.cloudapp.azure.com',
      '*.{region}.azurecontainer.io',
      '*.{region}.azurecontainerapps.io',
      '*.{region}.azmk8s.io',
      '*.{region}.inference.ml.azure.com',
      '*.{region}.models.ai.azure.com',
      '{region}.api.cognitive.microsoft.com',
      '{region}.stt.speech.microsoft.com',
      '{region}.tts.speech.microsoft.com',
      // Unique default names; the label is the platform's, so no application can be called like this.
      '*.{region}-{n}.azurewebsites.net',
    ],
    anywhere: [
      'api.cognitive.microsoft.com',
      'management.azure.com',
      '*.openai.azure.com',
      '*.services.ai.azure.com',
      '*.cognitiveservices.azure.com',
    ],
    silent: [
      '*.blob.core.windows.net',
      '*.dfs.core.windows.net',
      '*.file.core.windows.net',
      '*.queue.core.windows.net',
      '*.table.core.windows.net',
      '*.web.core.windows.net',
      '*.store.core.windows.net',
      '*.documents.azure.com',
      '*.search.windows.net',
      '*.azurewebsites.net',
      '*.p.azurewebsites.net',
    ],
    edge: ['*.azurefd.net', '*.azureedge.net', '*.trafficmanager.net'],
  },
]
