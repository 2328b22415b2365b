import { Module, type DynamicModule } from '@nestjs/common';
import { RefusedActs } from './acts.js';
import { Admission } from './admission.js';
import { AuditController } from './audit.controller.js';
import { AssignmentsController } from './assignments.controller.js';
import { Credentials } from './credentials.js';
import { DecisionsController } from './decisions.controller.js';
import { DocumentsController } from './documents.controller.js';
import { DomainsController } from './domains.controller.js';
import { EntitiesController } from './entities.controller.js';
import { EpochsController } from './epochs.controller.js';
import { FleetController } from './fleet.controller.js';
import { Facts } from './facts.js';
import { FourEyes } from './four-eyes.js';
import { FourEyesController } from './four-eyes.controller.js';
import { IssuersController } from './issuers.controller.js';
import { KeysController } from './keys.controller.js';
import { OperatorsController } from './operators.controller.js';
import { OperatorRights } from './operator-rights.js';
import { OperatorTokens } from './operator-tokens.js';
import { Operators } from './operators.js';
import { ADMIN_API_PARTS, type AdminApiParts } from './parts.js';
import { PlanController } from './plan.controller.js';
import { PlannedFlips } from './planned-flips.js';
import { PolicySets } from './policy-sets.js';
import { ProbesController } from './probes.controller.js';
import { Proposals } from './proposals.js';
import { ProposalsController } from './proposals.controller.js';
import { Publishing } from './publishing.js';
import { Quotas } from './quotas.js';
import { QuotasController } from './quotas.controller.js';
import { Replays } from './replays.js';
import { RevisionsController } from './revisions.controller.js';
import { StatusController } from './status.controller.js';
import { Suspensions } from './suspensions.js';

/** What the admin listener answers. The application that holds it is made ready by `prepareAdminApi`. */
@Module({})
export class AdminApiModule {
  static with(parts: AdminApiParts): DynamicModule {
    return {
      module: AdminApiModule,
      controllers: [
        ProbesController,
        StatusController,
        PlanController,
        RevisionsController,
        ProposalsController,
        EpochsController,
        DocumentsController,
        DomainsController,
        QuotasController,
        FourEyesController,
        DecisionsController,
        AssignmentsController,
        EntitiesController,
        KeysController,
        IssuersController,
        OperatorsController,
        AuditController,
        FleetController,
      ],
      providers: [
        { provide: ADMIN_API_PARTS, useValue: parts },
        Operators,
        OperatorRights,
        OperatorTokens,
        PolicySets,
        Publishing,
        PlannedFlips,
        Replays,
        Facts,
        Suspensions,
        Quotas,
        FourEyes,
        Proposals,
        Credentials,
        Admission,
        RefusedActs,
      ],
    };
  }
}
